"""Pinning the samples of a task: what a run asks is written down and hashed before it asks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from evalsuite.errors import UserError
from evalsuite.experiment import PlannedTask
from evalsuite.records import Sample, TaskEntry, fingerprint
from evalsuite.running.journal import Journal, Prompt
from evalsuite.task import Split


def pin_samples(planned: PlannedTask, split: Split, journal: Journal) -> TaskEntry:
    """Write the samples of a task into the journal and hash what was written."""
    task = planned.task
    data, prompts, seen = [fingerprint(task.name)], [fingerprint(task.name)], set[str]()

    def pinned() -> Iterator[tuple[Sample, Prompt]]:
        for sample in itertools.islice(task.samples(split), planned.limit):
            if sample.id in seen:
                raise UserError(f"{task.name}: two samples have the id {sample.id!r}")
            seen.add(sample.id)
            data.append(fingerprint([data.pop(), sample]))
            messages = task.messages(sample)
            prompts.append(fingerprint([prompts.pop(), messages]))
            choices = tuple(task.choices(sample)) if task.choices else None
            yield sample, Prompt(messages, choices)

    journal.replace_samples(task.name, pinned())
    if not seen:
        raise UserError(f"{task.name}: the {split} split has no samples")
    return TaskEntry(
        name=task.name,
        family=task.family,
        summary=task.summary,
        version=task.version,
        split=split,
        n_samples=len(seen),
        data_hash=data[0],
        prompt_hash=prompts[0],
        success=task.success,
        success_at=task.success_at,
        source=task.source,
        licence=task.licence,
        reference=task.reference,
    )
