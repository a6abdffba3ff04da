"""Tasks without code: a data file, a prompt template and the name of a scorer.

In an experiment file::

    tasks:
      - name: support/intent
        data: tickets.csv
        prompt: "Which team handles this ticket? {{ text }}"
        target: team
        scorer: choice
        choices: [billing, network, sales]
        train: tickets_train.csv
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from evalsuite.library.simple import simple_task
from evalsuite.task import Task


class InlineTask(BaseModel):
    """A task as an experiment file states it.

    Attributes:
        name: Name of the task in results.
        data: The rows to answer: csv, tsv, jsonl, json (a list of objects) or parquet, all
            but the last also packed (.gz). Relative to the experiment file.
        prompt: Jinja2 template of the user turn over the columns of a row.
        target: The column that holds the right answer. Templates and systems do not see it.
        scorer: A scorer of :mod:`evalsuite.scoring.named`.
        success_at: Least value of the scorer's figure that is a success.
        choices: The closed set of answers; for scorer "spans", the labels.
        train: Rows that a classical model may learn from; ``validation``: rows that thresholds
            are picked on. They must not overlap ``data``.
        id: Column with unique ids; without it, ids are made of the content of the row.
        cluster: Column that names what rows share; errors are computed over clusters.
        system: System message, as it is.
        max_output_tokens: Longest answer.
        family: Group of tasks in results.
        licence: Licence of the data.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    data: str
    prompt: str
    target: str
    scorer: str
    success_at: float = 1.0
    choices: tuple[str, ...] = ()
    train: str | None = None
    validation: str | None = None
    id: str | None = None
    cluster: str | None = None
    system: str | None = None
    max_output_tokens: int = Field(default=256, gt=0)
    family: str = "custom"
    licence: str = ""

    def task(self, base: Path) -> Task:
        """The task, with its files found below ``base`` and its first rows checked.

        Raises as :func:`evalsuite.library.simple.simple_task` does.
        """
        splits = {split: getattr(self, split) for split in ("train", "validation")}
        return simple_task(
            self.name,
            test=base / self.data,
            **{split: base / file for split, file in splits.items() if file is not None},
            prompt=self.prompt,
            target=self.target,
            scorer=self.scorer,
            success_at=self.success_at,
            choices=self.choices,
            id=self.id,
            cluster=self.cluster,
            system=self.system,
            max_output_tokens=self.max_output_tokens,
            family=self.family,
            source=self.data,
            licence=self.licence,
        )
