"""BIG-Bench Hard: 27 subtasks on which models were once below people (arXiv:2210.09261).

    web_of_lies: Question: Fidel tells the truth. Jerry says Fidel tells the truth. Vina says Jerry
    tells the truth. ... Does Vina tell the truth?
    -> Yes

Success: what follows "the answer is" is the target: a letter in brackets, yes or no, a number,
closing brackets or sorted words. The figure of the paper is the corpus metric ``macro_mean``, the
mean over subtasks. Test is all 6511 questions; there are no other splits. A limit takes from every
subtask alike.

    evalsuite run --task reasoning/bbh --system embedded/nano
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.reasoning import interleaved, macro_mean
from evalsuite.records import Answer, Sample, Score, fingerprint
from evalsuite.scoring.bbh import form_of, score_bbh
from evalsuite.task import Published, Split, Task, Variant

DATA = Dataset(
    name="bbh",
    licence="MIT",
    source="https://github.com/suzgunmirac/BIG-Bench-Hard",
    files={
        "test": DataFile(
            path="tasks/reasoning/bbh/bbh.jsonl",
            sha256="697a577fa6a377bbb03c505c95902e63d48d7f7561d8e8220c6a4744741e643d",
        )
    },
)
_OPTION = "a letter in brackets, such as (A)"
_WANTED = {
    "boolean_expressions": "True or False",
    "causal_judgement": "Yes or No",
    "navigate": "Yes or No",
    "web_of_lies": "Yes or No",
    "sports_understanding": "yes or no",
    "formal_fallacies": "valid or invalid",
    "multistep_arithmetic_two": "a number",
    "object_counting": "a number",
    "dyck_languages": "the missing brackets with spaces between them",
    "word_sorting": "the words in order with spaces between them",
}
_SOURCE = "github.com/suzgunmirac/BIG-Bench-Hard, code-davinci-002-outputs"


def samples(split: Split) -> Iterator[Sample]:
    """One question of every subtask in turn."""
    if split != "test":
        return
    for row in interleaved(DATA.rows("test"), lambda row: row["task"]):
        yield Sample(
            id=f"{row['task']}-{row['idx']}",
            inputs={"question": row["input"], "answer_form": _WANTED.get(row["task"], _OPTION)},
            target=row["target"],
            metadata={"subtask": row["task"], "form": form_of(row["task"], row["target"])},
            cluster=fingerprint(row["input"]),  # four questions stand there twice
        )


def prompt(sample: Sample) -> str:
    """The question, and how to end."""
    return (
        f"{sample.inputs['question']}\n\nThink step by step. End with "
        f'"So the answer is X.", X being {sample.inputs["answer_form"]}.'
    )


def direct(sample: Sample) -> str:
    """The question, and that only the answer is wanted."""
    return (
        f"{sample.inputs['question']}\n\nAnswer with {sample.inputs['answer_form']}, nothing else."
    )


def score(sample: Sample, answer: Answer) -> Sequence[Score]:
    """``exact_match``."""
    return [score_bbh(answer, sample.target, sample.metadata["form"])]


TASK = Task(
    name="reasoning/bbh",
    family="reasoning",
    summary="27 subtasks of logic, language and counting",
    samples=samples,
    prompt=prompt,
    score=score,
    success="exact_match",
    corpus={"macro_mean": macro_mean("exact_match", "subtask")},
    max_output_tokens=1024,
    shot=lambda sample: f"So the answer is {sample.target}.",
    variants={
        "direct": Variant(
            prompt=direct, shot=lambda sample: str(sample.target), max_output_tokens=128
        ),
        "bare": Variant(prompt=lambda sample: str(sample.inputs["question"])),
    },
    data=(DATA,),
    source=DATA.source,
    licence=DATA.licence,
    reference="arXiv:2210.09261",
    published=(
        Published(
            metric="macro_mean",
            value=0.7371,
            system="code-davinci-002, chain of thought",
            source=_SOURCE,
            n=6511,
        ),
        Published(
            metric="macro_mean",
            value=0.5276,
            system="code-davinci-002, direct",
            source=_SOURCE,
            n=6511,
        ),
    ),
)
