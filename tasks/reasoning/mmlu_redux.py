"""MMLU-Redux 2.0: MMLU's questions that have one right answer (arXiv:2406.04127).

    Statement 1 | A ring homomorphism is one to one if and only if the kernel is {0}. Statement 2 |
    Q is an ideal in R.
    A) True, True  B) False, False  C) True, False  D) False, True
    -> C

Success: the right option. Of 5700 questions of 57 subjects that people checked, 5330 are ok and 101
have a key that they corrected; those 5431 are the test split. The other 269 are unclear, have no
right option or several, or went to an expert: they are in reasoning/mmlu_redux_all, which is graded
by MMLU's own keys. There are no other splits. A limit takes from every subject alike.

    evalsuite run --task reasoning/mmlu_redux --system embedded/nano
"""

from __future__ import annotations

from collections.abc import Iterator

from evalsuite.library.mmlu import DATA, mmlu_samples
from evalsuite.library.reasoning import macro_mean, option_task
from evalsuite.records import Sample
from evalsuite.task import Split


def samples(split: Split) -> Iterator[Sample]:
    """One question of every subject in turn."""
    if split == "test":
        yield from mmlu_samples(corrected=True)


TASK = option_task(
    name="reasoning/mmlu_redux",
    summary="Knowledge in 57 subjects, checked questions with right keys",
    data=DATA,
    samples=samples,
    corpus={"macro_mean": macro_mean("choice_match", "subject")},
    reference="arXiv:2406.04127",
)
