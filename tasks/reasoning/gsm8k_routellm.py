"""GSM8K as RouteLLM grades it (Ong et al. 2024, arXiv:2406.18665): to replay its recorded answers.

    A robe takes 2 bolts of blue fiber and half that much white fiber.  How many bolts in total
    does it take?
    -> ... #### 3

Success: the last integer of the answer is that of the solution, after commas are removed. This is
the published rule and not a good one: it reads $20.00 as 0; reasoning/gsm8k grades properly. Test
is the official test split without the 12 problems that RouteLLM found in its training data (1307);
there are no other splits. The recording has Mixtral-8x7B-Instruct at 63.73 % and GPT-4 at 85.77 %.

    evalsuite run --task reasoning/gsm8k_routellm --system embedded/nano
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalsuite.datasets import DataFile, Dataset
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.answer_text import excerpt
from evalsuite.scoring.number import last_integer
from evalsuite.task import Published, Split, Task

DATA = Dataset(
    name="gsm8k_routellm",
    licence="MIT, Apache-2.0",
    source="https://github.com/openai/grade-school-math (MIT), less the problems that "
    "https://github.com/lm-sys/RouteLLM (Apache-2.0) found contaminated",
    files={
        "test": DataFile(
            path="tasks/reasoning/gsm8k/test.jsonl",
            sha256="3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14",
            url="https://raw.githubusercontent.com/openai/grade-school-math/"
            "3101c7d5072418e28b9008a6636bde82a006892c/grade_school_math/data/test.jsonl",
        ),
        "contaminated": DataFile(
            path="hybrid/routellm_gsm8k/contaminated_prompts.jsonl",
            sha256="1f5a7be02148ee0f7f306d233ba76a6573c826cee9499a34f8ef938a1a84c234",
            url="https://raw.githubusercontent.com/lm-sys/RouteLLM/"
            "0b64fdafe049e596a3f5657c219329f24af24198/routellm/evals/gsm8k/"
            "contaminated_prompts.jsonl",
        ),
    },
)
_SOURCE = "github.com/lm-sys/RouteLLM, routellm/evals/gsm8k, without contaminated prompts"


def samples(split: Split) -> Iterator[Sample]:
    """Test problems that are not contaminated; the target is the worked solution."""
    if split != "test":
        return
    contaminated = {row["eval_prompt"] for row in DATA.rows("contaminated")}
    for number, row in enumerate(DATA.rows("test")):
        if row["question"] not in contaminated:
            yield Sample(
                id=f"test-{number}",
                inputs={"question": row["question"]},
                target=row["answer"],
            )


def score(sample: Sample, answer: Answer) -> Sequence[Score]:
    """``last_integer_match``; ``format_error`` with 0.0 where the answer has no integer."""
    said, wanted = last_integer(answer.text or ""), last_integer(sample.target)
    if said is None:
        missing = "no integer"
        return [
            Score(name="last_integer_match", value=0.0, status="format_error", explanation=missing)
        ]
    return [
        Score(
            name="last_integer_match",
            value=float(said == wanted),
            explanation=excerpt(f"said {said}"),
        )
    ]


TASK = Task(
    name="reasoning/gsm8k_routellm",
    family="reasoning",
    summary="Word problems as RouteLLM grades them, for its recorded answers",
    samples=samples,
    prompt=lambda sample: sample.inputs["question"],
    score=score,
    success="last_integer_match",
    max_output_tokens=512,
    data=(DATA,),
    source=DATA.source,
    licence=DATA.licence,
    reference="arXiv:2406.18665",
    published=(
        Published(
            metric="last_integer_match",
            value=0.8577,
            system="gpt-4-1106-preview",
            source=_SOURCE,
            n=1307,
        ),
        Published(
            metric="last_integer_match",
            value=0.6373,
            system="Mixtral-8x7B-Instruct-v0.1",
            source=_SOURCE,
            n=1307,
        ),
    ),
)
