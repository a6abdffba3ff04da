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

from collections.abc import Iterator, Sequence

from evalsuite.datasets import DataFile, Dataset
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.story import score_style
from evalsuite.task import Split, Task

LEAST_WORDS = 100
MOST_REPETITION = 0.1
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


def score(sample: Sample, answer: Answer) -> Sequence[Score]:
    """``well_formed`` and the figures it is made of."""
    style = score_style(answer)
    figures = {figure.name: figure.value or 0.0 for figure in style}
    well_formed = (
        figures["words"] >= LEAST_WORDS
        and figures["ends_properly"] == 1
        and figures["repetition_share"] <= MOST_REPETITION
    )
    return [Score(name="well_formed", value=float(well_formed)), *style]


TASK = Task(
    name="writing/hanna_prompts",
    family="writing",
    summary="Stories on prompts written by people, scored for form alone",
    samples=samples,
    prompt=lambda sample: f"Write a short story on this prompt.\n\n{sample.inputs['prompt']}",
    score=score,
    success="well_formed",
    max_output_tokens=1024,
    source=DATA.source,
    licence=DATA.licence,
    reference="https://aclanthology.org/2022.coling-1.509",
)
