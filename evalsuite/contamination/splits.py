"""Whether the samples of a task are what a task needs: rendered, answerable, in disjoint splits."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import get_args

import msgspec

from evalsuite.errors import EvalsuiteError
from evalsuite.records import Answer, Message, Sample
from evalsuite.task import Split, Task

ENDLESS_SAMPLES = 1000
_SHOTS_GRADED = 100
_SHOTS_FAILED = 0.05
_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class TaskCheck:
    """What was found in a task.

    Attributes:
        task: Its name.
        sizes: Split -> samples that were read.
        problems: What makes its results wrong or impossible.
        notes: What a reader of its results should know.
    """

    task: str
    sizes: dict[Split, int]
    problems: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass
class _Seen:
    """What was seen of a split: ids in order of their content, and what is wrong with samples."""

    ids: set[str] = field(default_factory=set)
    contents: dict[bytes, str] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)
    wrong: dict[str, list[str]] = field(default_factory=dict)
    failed_shots: list[str] = field(default_factory=list)
    n: int = 0

    def blame(self, what: str, sample: str) -> None:
        self.wrong.setdefault(what, []).append(sample)


def check_task(task: Task, *, limit: int | None = None) -> TaskCheck:
    """Read every split of ``task`` and check its samples.

    Ids are unique; every sample renders to a request that can be written down; choices differ and
    hold the target; right answers, where the task can give them, are successes; no split that the
    task claims is empty; splits share neither an id nor what is asked, but for case, white space
    and Unicode form.

    Args:
        task: Of an endless task, the first ``default_limit`` or 1000 samples are read.
        limit: Most samples of a split to read; all unless given.

    Raises:
        DataMissing: If its data is not on this machine.
        UserError: If its data cannot be read.
    """
    if task.endless and limit is None:
        limit = task.default_limit or ENDLESS_SAMPLES
    splits: tuple[Split, ...] = get_args(Split)
    seen = {split: _read(task, split, limit) for split in splits}
    problems, notes = [*_empty(task, seen)], list[str]()
    for split, found in seen.items():
        for what, samples in found.wrong.items():
            problems.append(f"{split}: {what}: {_some(samples)}")
        if found.failed_shots:
            # A few answers cannot be put into words: of two mentions alike, which one is meant.
            many = len(found.failed_shots) > _SHOTS_FAILED * min(found.n, _SHOTS_GRADED)
            said = "the answer that it is shown with as an example is no success"
            (problems if many else notes).append(f"{split}: {said}: {_some(found.failed_shots)}")
        if found.repeated:
            notes.append(f"{split}: asks the same as an earlier sample: {_some(found.repeated)}")
    problems += _shared(seen)
    return TaskCheck(
        task=task.name,
        sizes={split: found.n for split, found in seen.items()},
        problems=tuple(problems),
        notes=tuple(notes),
    )


def _read(task: Task, split: Split, limit: int | None) -> _Seen:
    seen = _Seen()
    for sample in islice(task.samples(split), limit):
        seen.n += 1
        if not isinstance(sample.id, str) or not sample.id:
            seen.blame("its id is not a text", repr(sample.id))
            continue
        if sample.id in seen.ids:
            seen.blame("two samples have the id", sample.id)
        seen.ids.add(sample.id)
        _look_at(task, split, sample, seen)
    return seen


def _look_at(task: Task, split: Split, sample: Sample, seen: _Seen) -> None:
    try:
        request = task.request(sample, split=split, seed=0, repeat=0)
        msgspec.json.encode([request, sample])
    except Exception as error:  # of whatever kind, it is what would end a run
        seen.blame(f"cannot be rendered ({type(error).__name__}: {error})", sample.id)
        return
    if not any(message.content.strip() or message.images for message in request.messages):
        seen.blame("asks nothing", sample.id)
    if request.choices is not None:
        if len(set(request.choices)) < max(2, len(request.choices)):
            seen.blame("its choices are not several different ones", sample.id)
        if isinstance(sample.target, str) and sample.target not in request.choices:
            seen.blame("its target is none of its choices", sample.id)
    content = _content(request.messages)
    if content in seen.contents:
        seen.repeated.append(sample.id)
    seen.contents.setdefault(content, sample.id)
    if task.shot is not None and not task.runs_code and seen.n <= _SHOTS_GRADED:
        _grade_shot(task, sample, seen)


def _grade_shot(task: Task, sample: Sample, seen: _Seen) -> None:
    assert task.shot is not None
    try:
        text = task.shot(sample)
        scores = {score.name: score for score in task.score(sample, Answer(text=text))}
    except EvalsuiteError:
        raise
    except Exception as error:
        seen.blame(
            f"its right answer cannot be scored ({type(error).__name__}: {error})", sample.id
        )
        return
    if task.succeeded(scores) is not True:
        seen.failed_shots.append(sample.id)


def _empty(task: Task, seen: dict[Split, _Seen]) -> Iterator[str]:
    if not seen["test"].n:
        yield "test: has no samples"
    if task.learnable is not None and not seen["train"].n:
        yield "train: has no samples, though the task says that it can be learnt"
    files = {name for dataset in task.data for name in dataset.files}
    for split in ("train", "validation"):
        if split in files and not seen[split].n and not (split == "train" and task.learnable):
            yield f"{split}: has no samples, though there is a file for it"


def _shared(seen: dict[Split, _Seen]) -> Iterator[str]:
    for one, other in (("test", "train"), ("test", "validation"), ("validation", "train")):
        a, b = seen[one], seen[other]  # type: ignore[index]
        ids = sorted(a.ids & b.ids)
        if ids:
            yield f"{one} and {other} share ids: {_some(ids)}"
        same = [f"{a.contents[key]} = {b.contents[key]}" for key in a.contents if key in b.contents]
        if same:
            yield f"{one} and {other} ask the same: {_some(same)}"


def _content(messages: tuple[Message, ...]) -> bytes:
    """A digest of what is asked, but for case, white space and Unicode form."""
    digest = hashlib.blake2b(digest_size=12)
    for message in messages:
        text = unicodedata.normalize("NFKC", message.content).casefold()
        digest.update(f"{message.role}\0{' '.join(text.split())}\0".encode())
        for image in message.images:
            digest.update(image.encode())
    return digest.digest()


def _some(samples: list[str]) -> str:
    more = f" and {len(samples) - _NAMED:,} more" if len(samples) > _NAMED else ""
    return f"{', '.join(samples[:_NAMED])}{more}"
