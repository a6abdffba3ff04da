"""Stories on the 96 prompts of HANNA (Chhun et al. 2022), scored for form alone.

    When you die the afterlife is an arena where you face every insect and animal you killed in
    your life. If you win you go to heaven, lose you go to hell. Your job was an exterminator on
    earth.
    -> (a story)

Success is ``well_formed``: at least 100 words, the last sentence ends, and at most a tenth of the
4-grams of words stood in the story before. A well-formed story may be a bad one: quality is for a
judge, or people. (59 of the 96 human stories end properly; the dataset cuts the others.)

    evalsuite run --task writing/hanna_prompts --system embedded/nano
"""

from __future__ import annotations

from collections.abc import Iterator

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.writing import StoryForm, story_task
from evalsuite.records import Sample
from evalsuite.task import Split

DATA = Dataset(
    name="hanna",
    licence="MIT",
    source="https://github.com/dig-team/hanna-benchmark-asg",
    files={
        "test": DataFile(
            path="tasks/creative/hanna/prompts.jsonl",
            sha256="13c921e082f13c8adbd3493d7f2e180dfe6248be77fb0e4baffc3fa7128ea090",
        )
    },
)


def samples(split: Split) -> Iterator[Sample]:
    """The 96 prompts; the target is the human story, which no score compares with."""
    for row in DATA.rows("test") if split == "test" else ():
        yield Sample(
            id=f"prompt-{row['prompt_id']}",
            inputs={"prompt": row["prompt"]},
            target=row["human_story"],
        )


TASK = story_task(
    name="writing/hanna_prompts",
    summary="Stories on prompts written by people, scored for form alone",
    samples=samples,
    asks="Write a short story on this prompt.\n\n{prompt}",
    data=DATA,
    form=StoryForm(least_words=100),
    reference="https://aclanthology.org/2022.coling-1.509",
    version=2,
)
