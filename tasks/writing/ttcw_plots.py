"""Stories on the twelve plots of TTCW (Chakrabarty et al. 2024), scored for form alone.

    A woman experiences a disorienting night in a maternity ward where she encounters other
    similarly disoriented new mothers, leading to an uncanny mix-up where she leaves the hospital
    with a baby that she realizes is not her own, yet accepts the situation with an inexplicable
    sense of happiness.
    -> (a story)

Success is ``well_formed``: at least 800 words (the shortest of the paper's 36 machine stories has
831), the last sentence ends, and at most a tenth of the 4-grams of words stood in the story before.
The 14 tests of creativity that the paper puts to such stories are for a judge, or people. Clusters
are plots.

    evalsuite run --task writing/ttcw_plots --system embedded/nano
"""

from __future__ import annotations

from collections.abc import Iterator

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.writing import StoryForm, story_task
from evalsuite.records import Sample
from evalsuite.task import Split

DATA = Dataset(
    name="ttcw",
    licence="BSD-3-Clause",
    source="https://github.com/salesforce/creativity_eval",
    files={
        "test": DataFile(
            path="tasks/creative/ttcw/stories.jsonl",
            sha256="79b1da8df3764c29bcd51202da5428b61874bb79a85dd924ae51700398acf60c",
        )
    },
)


def samples(split: Split) -> Iterator[Sample]:
    """The plots, each once. The New Yorker's stories on them are links, so there is no target."""
    seen: set[int] = set()
    for row in DATA.rows("test") if split == "test" else ():
        if row["story_idx"] not in seen:
            seen.add(row["story_idx"])
            yield Sample(
                id=f"plot-{row['story_idx']}",
                inputs={"prompt": row["plot"]},
                metadata={"title": row["story_name"]},
            )


TASK = story_task(
    name="writing/ttcw_plots",
    summary="Long stories on plots of published fiction, scored for form alone",
    samples=samples,
    asks="Write a short story of literary fiction, of at least 1000 words, with this plot.\n\n"
    "{prompt}",
    data=DATA,
    form=StoryForm(least_words=800),
    reference="arXiv:2309.14556",
    max_output_tokens=3072,
)
