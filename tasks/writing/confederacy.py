"""One story prompt, to be answered many times (Gómez-Rodríguez and Williams 2023).

    Write an epic narration of a single combat between Ignatius J. Reilly and a pterodactyl, in the
    style of John Kennedy Toole.
    -> (a story)

Success is ``well_formed``: at least 150 words, the last sentence ends, and at most a tenth of the
4-grams of words stood in the story before. The paper has five stories a writer, rated by people.
Run it with ``repeats: 5``: ``self_bleu_repeats`` says how alike a writer's stories are.

    evalsuite run --task writing/confederacy --system embedded/nano --repeats 5
"""

from __future__ import annotations

from collections.abc import Iterator

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.writing import StoryForm, story_task
from evalsuite.records import Sample
from evalsuite.task import Split

DATA = Dataset(
    name="confederacy",
    licence="CC-BY-SA-4.0",
    source="https://github.com/komoku/confederacy-of-models",
    files={
        "test": DataFile(
            path="tasks/creative/recorded/confederacy_stories/stories.jsonl",
            sha256="80517d332fdcb55ddfc862551bb9b21ee3f0b1bb8c5efa28818897368e630234",
        )
    },
)
PROMPT = (
    "Write an epic narration of a single combat between Ignatius J. Reilly and a pterodactyl, in "
    "the style of John Kennedy Toole."
)


def samples(split: Split) -> Iterator[Sample]:
    """One; the target is what people wrote on it, which no score compares with."""
    if split == "test":
        rows = [row for row in DATA.rows("test") if row["writer"].startswith("human")]
        yield Sample(
            id="pterodactyl", inputs={"prompt": PROMPT}, target=[row["story"] for row in rows]
        )


TASK = story_task(
    name="writing/confederacy",
    summary="One prompt answered again and again, scored for form and diversity",
    samples=samples,
    asks="{prompt}",
    data=DATA,
    form=StoryForm(least_words=150),
    reference="arXiv:2310.08433",
    temperature=1.0,
)
