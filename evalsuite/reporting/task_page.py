"""A task with one real sample: as it will be sent, and as it will be scored."""

from __future__ import annotations

import base64
import binascii
import json
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from evalsuite.analysis.numbers import UNKNOWN
from evalsuite.errors import DataMissing, EvalsuiteError
from evalsuite.records import Answer, Message, Request, Sample, Score, Tool
from evalsuite.reporting.catalog import figure
from evalsuite.reporting.plain import one_line, visible
from evalsuite.task import Split, Task

_LONGEST_TEXT = 20_000
_LONGEST_TARGET = 2_000


@dataclass(frozen=True, kw_only=True)
class MadeUp:
    """An answer that was made up to show the scoring, and what it was given; ``why`` if nothing."""

    what: str
    answer: Answer
    scores: Sequence[Score]
    success: bool | None
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One sample of a task: its request, and made-up answers with their scores."""

    task: Task
    sample: Sample
    request: Request
    graded: Sequence[MadeUp]


def shown_sample(task: Task, *, split: Split = "test", sample_id: str | None = None) -> Shown:
    """The first sample of ``split``, or the one called ``sample_id``, rendered and graded.

    Raises:
        DataMissing: If the data is not on this machine.
        LookupError: If there is no such sample.
    """
    for sample in islice(task.samples(split), 1 if sample_id is None else None):
        if sample_id in (None, sample.id):
            request = task.request(sample, split=split, seed=0, repeat=0)
            return Shown(task=task, sample=sample, request=request, graded=_made_up(task, sample))
    raise LookupError(f"{task.name}: the {split} split has no sample {sample_id or ''}".rstrip())


def _made_up(task: Task, sample: Sample) -> list[MadeUp]:
    """A right answer, as few-shot examples give it, or else the target as text; an empty one."""
    if task.shot is not None:
        first = _graded(task, sample, "a right answer", task.shot(sample))
    else:
        target = sample.target
        text = target if isinstance(target, str) else json.dumps(target, ensure_ascii=False)
        first = _graded(task, sample, "the target, as text", text)
    return [first, _graded(task, sample, "an empty answer", "")]


def _graded(task: Task, sample: Sample, what: str, text: str) -> MadeUp:
    choices = tuple(task.choices(sample)) if task.choices else ()
    answer = Answer(text=text, choice=text if text in choices else None)
    try:
        scores = list(task.score(sample, answer))
    except EvalsuiteError as error:
        return MadeUp(what=what, answer=answer, scores=[], success=None, why=str(error))
    success = task.succeeded({score.name: score for score in scores})
    return MadeUp(what=what, answer=answer, scores=scores, success=success)


# --- the page -----------------------------------------------------------------------------------


def task_page(
    task: Task,
    *,
    split: Split = "test",
    sample_id: str | None = None,
    reference: str | None = None,
) -> Group:
    """``task`` for people: what it is, a sample as it is sent, and how answers to it are scored.

    ``reference`` is what it is called on the command line, if not by its name.

    Raises:
        LookupError: If there is no sample ``sample_id``.
    """
    try:
        shown = shown_sample(task, split=split, sample_id=sample_id)
    except DataMissing as missing:
        return Group(_facts(task, reference), Text(), Text(visible(str(missing)), style="yellow"))
    parts: list[RenderableType] = [_facts(task, reference), Text(), *_sent(shown)]
    return Group(*parts, Text(), *_scored(shown))


def _facts(task: Task, reference: str | None) -> Table:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    rows = {
        "task": task.name,
        "asks": task.summary,
        "success": f"{task.success} >= {task.success_at:g}",
        "corpus": ", ".join(task.corpus),
        "variants": ", ".join(("plain", *task.variants)) if task.variants else "",
        "datasets": "; ".join(_dataset_lines(task)),
        "source": task.source,
        "licence": task.licence,
        "reference": task.reference,
        "published": "\n".join(f"{figure(one)} ({one.source})" for one in task.published),
        "run it": f"evalsuite run --task {reference or task.name} --system embedded/nano",
    }
    for name, value in rows.items():
        if value:
            facts.add_row(name, Text(visible(value)))
    return facts


def _dataset_lines(task: Task) -> Iterator[str]:
    for dataset in task.data:
        missing = [key for key in dataset.files if dataset.copy(key) is None]
        yield dataset.name + (f" (not here: {', '.join(missing)})" if missing else "")


def _sent(shown: Shown) -> Iterator[RenderableType]:
    request = shown.request
    yield Text(f"Sent (sample {one_line(shown.sample.id)}, {request.split})", style="bold")
    for message in request.messages:
        yield _panel(message_text(message), message.role)
    for tool in request.tools:
        yield _panel(_tool_text(tool), "tool offered")
    if request.choices is not None:
        yield Text(f"choices: {visible(_listed(request.choices))}")
    if request.output_schema is not None:
        yield _panel(json.dumps(request.output_schema, indent=2), "output schema")
    stops = f", stops at {_listed(map(repr, request.stop))}" if request.stop else ""
    yield Text(
        f"at most {request.max_output_tokens:,} output tokens, "
        f"temperature {request.temperature:g}{stops}",
        style="dim",
    )


def _scored(shown: Shown) -> Iterator[RenderableType]:
    yield Text("Scored", style="bold")
    target = json.dumps(shown.sample.target, ensure_ascii=False, default=str)
    yield _panel(target[:_LONGEST_TARGET] + "…" * (len(target) > _LONGEST_TARGET), "expected")
    for graded in shown.graded:
        if graded.answer.text and graded.answer.text != target:
            yield _panel(graded.answer.text, graded.what)
        else:
            yield Text(f"{graded.what}:")
        if graded.why:
            yield Text(f"  not scored here: {visible(graded.why)}", style="yellow")
            continue
        yield _scores_table(graded, shown.task)


def _scores_table(graded: MadeUp, task: Task) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    verdict = {True: "success", False: "no success", None: "neither"}[graded.success]
    for score in graded.scores:
        said = f"{verdict}; " if score.name == task.success else ""
        status = "" if score.status == "scored" else score.status
        words = one_line(said + score.explanation).rstrip("; ")
        value = UNKNOWN if score.value is None else f"{score.value:.4g}"
        table.add_row(f"  {score.name}", value, status, Text(words, style="dim"))
    return table


# --- in words -----------------------------------------------------------------------------------


def message_text(message: Message) -> str:
    """A turn in words: images described, then the text, then the calls it makes."""
    images = [f"[image {n}: {image_words(url)}]" for n, url in enumerate(message.images, start=1)]
    calls = [f"[calls {call.name}({call.arguments})]" for call in message.tool_calls]
    answered = [f"[result of call {message.tool_call_id}]"] if message.tool_call_id else []
    return "\n".join([*answered, *images, message.content, *calls]).strip("\n")


def image_words(address: str) -> str:
    """An image in words: its kind, its size in pixels where that is known, and in bytes."""
    head, comma, data = address.partition(",")
    if not (address.startswith("data:") and comma):
        return one_line(address)
    kind = head.removeprefix("data:").partition(";")[0] or "of no stated kind"
    try:
        content = base64.b64decode(data) if head.endswith(";base64") else data.encode()
    except binascii.Error:
        return f"{kind}, not readable as base64"
    pixels = ""
    if content[:8] == b"\x89PNG\r\n\x1a\n" and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        pixels = f"{width} x {height}, "
    return f"{kind}, {pixels}{len(content):,} bytes"


def _tool_text(tool: Tool) -> str:
    return f"{tool.name}: {tool.description}\n{json.dumps(tool.parameters, indent=2)}"


def _listed(words: Iterable[str], most: int = 40) -> str:
    found = list(words)
    more = f" ... ({len(found):,} in all)" if len(found) > most else ""
    return ", ".join(found[:most]) + more


def _panel(text: str, title: str) -> Panel:
    cut = f"\n[{len(text) - _LONGEST_TEXT:,} more characters]" if len(text) > _LONGEST_TEXT else ""
    return Panel(
        Text(visible(text[:_LONGEST_TEXT] + cut)), title=one_line(title), title_align="left"
    )


# --- for programs -------------------------------------------------------------------------------


def task_json(task: Task, *, split: Split = "test", sample_id: str | None = None) -> str:
    """The request and the made-up answers with their scores, as one object. ASCII.

    Raises:
        DataMissing: If the data is not on this machine.
        LookupError: If there is no sample ``sample_id``.
    """
    import msgspec

    shown = shown_sample(task, split=split, sample_id=sample_id)
    content: Mapping[str, object] = {
        "sample": shown.sample,
        "request": shown.request,
        "answers": [
            {
                "what": graded.what,
                "answer": graded.answer,
                "success": graded.success,
                "scores": graded.scores,
                "not_scored": graded.why or None,
            }
            for graded in shown.graded
        ],
    }
    return json.dumps(msgspec.to_builtins(content), indent=2)
