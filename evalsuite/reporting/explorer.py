"""The samples a report carries: what was asked, what each system said, and the hops in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from evalsuite.analysis.measure import groups, text_or_none
from evalsuite.analysis.summary import Summary
from evalsuite.store import Run

if TYPE_CHECKING:
    import pandas as pd

MOST_SAMPLES = 10_000
MOST_CHARACTERS = 16_000_000
"""Of JSON: a page beyond this size takes seconds to open."""
LONGEST_TEXT = 4_000


@dataclass(frozen=True)
class Explorer:
    """``data`` for the page's script; how many samples it holds of how many; texts cut short."""

    data: dict[str, Any]
    n_shown: int
    n_total: int
    n_cut: int

    @property
    def note(self) -> str:
        """What was left out, in words; "" where nothing was."""
        parts = []
        if self.n_shown < self.n_total:
            parts.append(
                f"Holds {self.n_shown:,} of {self.n_total:,} samples, the first ones of each "
                "task in turn, to keep this file small; the run folder holds all."
            )
        if self.n_cut:
            parts.append(f"Texts cut at {LONGEST_TEXT:,} characters: {self.n_cut:,}.")
        return " ".join(parts)


class _Texts:
    """Cuts long texts and counts how many it cut."""

    def __init__(self) -> None:
        self.n_cut = 0

    def cut(self, value: object) -> str | None:
        text = text_or_none(value)
        if text is None or len(text) <= LONGEST_TEXT:
            return text
        self.n_cut += 1
        return text[:LONGEST_TEXT] + " […]"


def explore(
    run: Run,
    summary: Summary,
    *,
    most_samples: int = MOST_SAMPLES,
    most_characters: int = MOST_CHARACTERS,
) -> Explorer:
    """Pack the samples of ``run`` for the page, up to either limit, tasks taking turns."""
    names = [item.entry.name for item in summary.systems]
    responses = run.responses[run.responses["system"].isin(names)]
    calls = run.calls[(run.calls["phase"] == "answer") & run.calls["system"].isin(names)]
    answers = _by(responses, ["task", "sample_id"])
    hops, scores = _by(calls, ["response_key"]), _by(run.scores, ["response_key"])
    texts, used = _Texts(), 0
    packed: list[dict[str, Any]] = []
    for row in _in_turns(run.samples):
        if len(packed) >= most_samples or used >= most_characters:
            break
        own = answers.get((row["task"], row["sample_id"]), [])
        item = _sample(row, own, hops, scores, texts)
        used += len(json.dumps(item))
        packed.append(item)
    data = {"systems": names, "samples": packed}
    return Explorer(data, len(packed), len(run.samples), texts.n_cut)


def embedded(data: object) -> str:
    """``data`` as JSON that is inert inside a script element: it holds no ``<``, ``>`` or ``&``."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _in_turns(samples: pd.DataFrame) -> Iterator[dict[Any, Any]]:
    """Rows of ``samples``, one of each task after the other."""
    columns = [rows.to_dict("records") for rows in groups(samples, "task").values()]
    for turn in zip_longest(*columns):
        yield from (row for row in turn if row is not None)


def _by(frame: pd.DataFrame, columns: list[str]) -> dict[Any, list[dict[Any, Any]]]:
    found: dict[Any, list[dict[Any, Any]]] = {}
    for row in frame.to_dict("records"):
        key = row[columns[0]] if len(columns) == 1 else tuple(row[name] for name in columns)
        found.setdefault(key, []).append(row)
    return found


def _sample(
    row: dict[Any, Any],
    answers: list[dict[Any, Any]],
    hops: dict[Any, list[dict[Any, Any]]],
    scores: dict[Any, list[dict[Any, Any]]],
    texts: _Texts,
) -> dict[str, Any]:
    return {
        "task": row["task"],
        "id": row["sample_id"],
        "asked": texts.cut(_prompt(row)),
        "target": texts.cut(_readable(row["target"])),
        "answers": [
            _answer(answer, hops.get(answer["key"], []), scores.get(answer["key"], []), texts)
            for answer in answers
        ],
    }


def _answer(
    answer: dict[Any, Any],
    hops: list[dict[Any, Any]],
    scores: list[dict[Any, Any]],
    texts: _Texts,
) -> dict[str, Any]:
    success = _number(answer["success"])
    return {
        "system": answer["system"],
        "repeat": int(answer["repeat"]),
        "right": None if success is None else bool(success),
        "text": texts.cut(answer["text"]),
        "choice": texts.cut(answer["choice"]),
        "data": texts.cut(_readable(answer["data"])),
        "error": texts.cut(_error(answer)),
        "usd": _number(answer["usd"]),
        "seconds": _number(answer["seconds"]),
        "scores": [
            [row["name"], _number(row["value"]), row["status"], texts.cut(row["explanation"])]
            for row in scores
        ],
        "hops": [
            {
                "role": hop["role"],
                "member": hop["member"],
                "reason": texts.cut(hop["reason"]),
                "error": texts.cut(_error(hop)),
                "text": texts.cut(hop["text"]) or texts.cut(hop["choice"]),
                "usd": _number(hop["usd"]),
                "seconds": _number(hop["seconds"]),
            }
            for hop in hops
            if hop["role"]  # a plain model's only call says nothing that its answer does not
        ],
    }


def _error(row: dict[Any, Any]) -> str | None:
    kind, message = text_or_none(row["error_kind"]), text_or_none(row["error_message"])
    if kind is None:
        return None
    return f"{kind}: {message}" if message else kind


def _prompt(row: dict[Any, Any]) -> str | None:
    """The rendered chat as text, or the inputs where there is none."""
    messages = text_or_none(row["messages"])
    if messages is None:
        return _readable(row["inputs"])
    turns = json.loads(messages)
    if len(turns) == 1:
        return str(turns[0]["content"])
    return "\n\n".join(f"[{turn['role']}]\n{turn['content']}" for turn in turns)


def _readable(value: object) -> str | None:
    """JSON text as people write it: bare strings without quotes, structures indented."""
    text = text_or_none(value)
    if text is None:
        return None
    decoded = json.loads(text)
    if isinstance(decoded, str):
        return decoded
    return json.dumps(decoded, ensure_ascii=False, indent=1)


def _number(value: Any) -> float | None:
    """A cell as a float; None for any of pandas' ways to say nothing."""
    import pandas as pd

    return None if pd.isna(value) else float(value)
