"""All 5700 questions of MMLU-Redux with MMLU's own keys, wrong ones included (arXiv:2406.04127).

    Statement 1 | A ring homomorphism is one to one if and only if the kernel is {0}. Statement 2 |
    Q is an ideal in R.
    A) True, True  B) False, False  C) True, False  D) False, True
    -> D (the people who checked it say C)

Success: the option that MMLU's key names. To compare with figures on MMLU, and to see what its
errors make of them: slice by ``annotation``. reasoning/mmlu_redux grades properly. There is only a
test split. A limit takes from every subject alike.

    evalsuite run --task reasoning/mmlu_redux_all --system embedded/nano
"""

from __future__ import annotations

from collections.abc import Iterator

from evalsuite.library.mmlu import DATA, mmlu_samples
from evalsuite.library.reasoning import macro_mean, option_task
from evalsuite.records import Sample
from evalsuite.task import Published, Split


def samples(split: Split) -> Iterator[Sample]:
    """One question of every subject in turn."""
    if split == "test":
        yield from mmlu_samples(corrected=False)


_ROUTELLM = "github.com/lm-sys/RouteLLM, routellm/evals/mmlu/responses, these questions"
TASK = option_task(
    name="reasoning/mmlu_redux_all",
    summary="Knowledge in 57 subjects, MMLU's own keys",
    data=DATA,
    samples=samples,
    corpus={"macro_mean": macro_mean("choice_match", "subject")},
    reference="arXiv:2009.03300, arXiv:2406.04127",
    published=(
        Published(
            metric="choice_match",
            value=0.7959,
            system="gpt-4-1106-preview",
            source=_ROUTELLM,
            n=5670,
        ),
        Published(
            metric="choice_match",
            value=0.6887,
            system="Mixtral-8x7B-Instruct-v0.1",
            source=_ROUTELLM,
            n=5670,
        ),
    ),
)
