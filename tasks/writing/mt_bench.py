"""The 20 writing and roleplay questions of MT-bench (Zheng et al. 2023), first turns.

    Compose an engaging travel blog post about a recent trip to Hawaii, highlighting cultural
    experiences and must-see attractions.
    -> (a blog post)

Success is ``well_formed``: at least 10 words, and at most a tenth of the 4-grams of words stood in
the answer before. So it tells only an answer from none: MT-bench's figure is a judge's mark.

    evalsuite run --task writing/mt_bench --system embedded/nano
"""

from __future__ import annotations

from collections.abc import Iterator

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.writing import StoryForm, story_task
from evalsuite.records import Sample
from evalsuite.task import Split

DATA = Dataset(
    name="mt_bench",
    licence="Apache-2.0",
    source="https://github.com/lm-sys/FastChat",
    files={
        "test": DataFile(
            path="tasks/creative/mt_bench/question.jsonl",
            sha256="f724c8a3c19afee8fff0a9dd5273919ebfee3209b395680fde63c1e0b73771be",
            url="https://raw.githubusercontent.com/lm-sys/RouteLLM/"
            "0b64fdafe049e596a3f5657c219329f24af24198/routellm/evals/mt_bench/question.jsonl",
        )
    },
)


def samples(split: Split) -> Iterator[Sample]:
    """Questions in the order of the file."""
    for row in DATA.rows("test") if split == "test" else ():
        if row["category"] in ("writing", "roleplay"):
            yield Sample(
                id=f"question-{row['question_id']}",
                inputs={"prompt": row["turns"][0]},
                metadata={"category": row["category"]},
            )


TASK = story_task(
    name="writing/mt_bench",
    summary="MT-bench's writing and roleplay questions, scored for form alone",
    samples=samples,
    asks="{prompt}",
    data=DATA,
    form=StoryForm(least_words=10, must_end=False),
    reference="arXiv:2306.05685",
)
