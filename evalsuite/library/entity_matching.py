"""Entity matching: do two records describe the same thing? Pairs of the ER-Magellan benchmark.

``entity_task`` makes a task of one of its sets. Records are told in full; beside them stand the
similarities of their attributes, from which classical models learn, as Magellan's own do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from evalsuite.datasets import Dataset
from evalsuite.library.similarity import record_similarity
from evalsuite.records import Answer, Sample, Score, fingerprint
from evalsuite.scoring.choice import read_choice, score_choice
from evalsuite.scoring.labels import (
    f1_of,
    label_metrics,
    precision_of,
    prediction_metrics,
    probability_metrics,
    recall_of,
)
from evalsuite.task import Graded, Prompt, Split, Task, Variant

Record = Mapping[str, str | None]

CHOICES = ("No", "Yes")

_ATTRIBUTE = re.compile(r"COL (\S+) VAL (.*?)(?= COL \S+ VAL |\s*\Z)", re.DOTALL)
_QUOTED = re.compile(r"^[`'] ?(.*?) ?'$", re.DOTALL)


def read_record(text: str) -> dict[str, str | None]:
    """Attribute -> value of a record in Ditto's form, "COL name VAL value COL ...".

    The quotation marks that were put around values with blanks are left out, as are the backslashes
    before those inside. A value that is empty or "-" is None.
    """
    record: dict[str, str | None] = {}
    for name, written in _ATTRIBUTE.findall(text):
        quoted = _QUOTED.match(written.strip())
        value = " ".join((quoted[1] if quoted else written).replace("\\ ", "").split())
        record[name] = value if value not in ("", "-") else None
    return record


def entity_task(
    name: str,
    data: Dataset,
    *,
    summary: str,
    noun: str,
    attributes: Mapping[str, str],
    reference: str,
    leaking: Mapping[str, str] | None = None,
) -> Task:
    """A task of telling whether two records are of the same thing.

    Args:
        name: Of the task.
        data: With the files "train" and "test", of rows with ``left``, ``right`` and ``label``.
        summary: A few words for lists.
        noun: What the records are of, as in "Are both records of the same beer?".
        attributes: Attribute of the file -> what it is called in the prompt.
        reference: The paper.
        leaking: Further attributes that give the answer away. They are in the variant
            "with_leak" alone, for comparison with results that had them.

    The figures of the field are ``match_f1``, ``match_precision`` and ``match_recall``, of the
    class of matches: a pair that the system failed on, or whose answer cannot be read, is not
    found. Train pairs that are also in test are left out; a hash of a train pair takes 20 % for
    validation. Pairs with the same left record are one cluster.
    """

    def score(sample: Sample, answer: Answer) -> Sequence[Score]:
        return [score_choice(answer, sample.target, CHOICES)]

    variants = {"text": Variant(prompt=_prompt(noun, attributes, _as_text))}
    if leaking:
        told = {**attributes, **leaking}
        variants["with_leak"] = Variant(prompt=_prompt(noun, told, _as_list))
    return Task(
        name=name,
        family="schema_matching",
        summary=summary,
        samples=partial(_samples, data, tuple(attributes)),
        prompt=_prompt(noun, attributes, _as_list),
        score=score,
        success="choice_match",
        choices=lambda sample: CHOICES,
        corpus={
            **prediction_metrics(lambda sample: CHOICES),
            **probability_metrics(),
            **label_metrics(
                _predicted,
                {
                    "match_precision": partial(precision_of, "Yes"),
                    "match_recall": partial(recall_of, "Yes"),
                    "match_f1": partial(f1_of, "Yes"),
                },
            ),
        },
        learnable="rows",
        max_output_tokens=16,
        shot=lambda sample: str(sample.target),
        variants=variants,
        data=(data,),
        baselines=("majority", "logistic_regression", "gradient_boosting"),
        source=data.source,
        licence=data.licence,
        reference=reference,
    )


def _samples(data: Dataset, attributes: Sequence[str], split: Split) -> Iterator[Sample]:
    file = "test" if split == "test" else "train"
    tested = set()
    if file == "train":
        tested = {(row["left"], row["right"]) for row in data.rows("test")}
    for number, row in enumerate(data.rows(file)):
        pair = (row["left"], row["right"])
        if pair in tested or (file == "train" and _practice_split(pair) != split):
            continue
        whole = [read_record(record) for record in pair]
        left, right = ({name: record.get(name) for name in attributes} for record in whole)
        yield Sample(
            id=f"{file}-{number}",
            inputs={"left": left, "right": right, "columns": record_similarity(left, right)},
            target=CHOICES[row["label"]],
            # Not among the inputs, because it may hold what gives the answer away.
            metadata={"left": whole[0], "right": whole[1]},
            cluster=fingerprint(whole[0]),
        )


def _practice_split(pair: tuple[str, str]) -> Split:
    return "validation" if int(fingerprint(pair), 16) % 5 == 0 else "train"


def _predicted(graded: Graded) -> str | None:
    return None if graded.answer is None else read_choice(graded.answer, CHOICES)


def _prompt(
    noun: str, attributes: Mapping[str, str], form: Callable[[Record, Mapping[str, str]], str]
) -> Prompt:
    def prompt(sample: Sample) -> str:
        left, right = sample.metadata["left"], sample.metadata["right"]
        return (
            f"Record A:\n{form(left, attributes)}\n\n"
            f"Record B:\n{form(right, attributes)}\n\n"
            f"Are both records of the same {noun}? Yes or no?"
        )

    return prompt


def _as_list(record: Record, attributes: Mapping[str, str]) -> str:
    told = ((said, record.get(name)) for name, said in attributes.items())
    return "\n".join(f"- {said}: {'unknown' if v is None else v}" for said, v in told)


def _as_text(record: Record, attributes: Mapping[str, str]) -> str:
    told = ((said, record.get(name)) for name, said in attributes.items())
    return " ".join(f"The {said} is {'unknown' if v is None else v}." for said, v in told)
