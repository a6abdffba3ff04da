"""XCOPA: cause or effect of an event, in 11 languages (Ponti et al. 2020, arXiv:2005.00333).

    L'oggetto era incartato nella plastica bollata. What was the cause of this?
    A) Era delicato.  B) Era piccolo.
    -> A

Success: the right option. Test is the official test split, 500 in each language; the translations
of one event are a cluster. There are no other splits. A limit takes from every language alike.

What is asked for, cause or effect, should be the same in all translations of an event. As published
it is not: it differs from most languages for 250 of 500 events in Thai, 51 in Turkish, 37 in
Swahili, 4 in Indonesian and 4 in Italian. It is asked as published; slice by ``question_agrees``.

    evalsuite run --task multilingual/xcopa --system embedded/nano
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.reasoning import interleaved, macro_mean, option_task
from evalsuite.records import Sample
from evalsuite.task import Split

DATA = Dataset(
    name="xcopa",
    licence="CC-BY-4.0",
    source="https://github.com/cambridgeltl/xcopa",
    files={
        "test": DataFile(
            path="tasks/multilingual/xcopa/test.jsonl",
            sha256="c008d70716ca4c91c6be834d307358e106d957ecf0c7c3b4e874fb18eb383239",
        )
    },
)
# "Because" and "therefore", as lm-evaluation-harness joins premise and option (tasks/xcopa).
_JOINED = {
    "et": ("sest", "seetõttu"),
    "ht": ("poukisa", "donk sa"),
    "id": ("karena", "maka"),
    "it": ("perché", "quindi"),
    "qu": ("imataq", "chaymi"),
    "sw": ("kwa sababu", "kwa hiyo"),
    "ta": ("காரணமாக", "எனவே"),
    "th": ("เพราะ", "ดังนั้น"),
    "tr": ("çünkü", "bu yüzden"),
    "vi": ("bởi vì", "vì vậy"),
    "zh": ("因为", "所以"),
}


def samples(split: Split) -> Iterator[Sample]:
    """One event of every language in turn."""
    if split != "test":
        return
    asked: dict[int, Counter[str]] = defaultdict(Counter)
    for row in DATA.rows("test"):
        asked[row["idx"]][row["question"]] += 1
    for row in interleaved(DATA.rows("test"), lambda row: row["lang"]):
        most = asked[row["idx"]].most_common(1)[0][0]
        yield Sample(
            id=f"{row['lang']}-{row['idx']}",
            inputs={
                "question": f"{row['premise']}\n\nWhat was the {row['question']} of this?",
                "options": [row["choice1"], row["choice2"]],
                "premise": row["premise"],
                "asks_for": row["question"],
                "language": row["lang"],
            },
            target="AB"[row["label"]],
            metadata={"language": row["lang"], "question_agrees": row["question"] == most},
            cluster=str(row["idx"]),
        )


def joined(sample: Sample) -> str:
    """The premise without its full stop, and "because" or "therefore" in its language."""
    because, therefore = _JOINED[sample.inputs["language"]]
    word = because if sample.inputs["asks_for"] == "cause" else therefore
    return f"{sample.inputs['premise'].strip().rstrip('.。')} {word}"


TASK = option_task(
    name="multilingual/xcopa",
    summary="Cause or effect of an event, in 11 languages",
    data=DATA,
    samples=samples,
    text_prompt=joined,
    continued=lambda option: option[:1].lower() + option[1:],
    corpus={"macro_mean": macro_mean("choice_match", "language")},
    reference="arXiv:2005.00333",
)
