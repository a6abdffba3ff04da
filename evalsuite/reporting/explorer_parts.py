"""The parts of a sample as a page holds them, read from the tables of a run.

Each part is packed in blocks of its own, so that the list of questions needs no answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evalsuite.reporting.explorer_pack import Integers, Part, column
from evalsuite.reporting.explorer_places import Places
from evalsuite.store import Run
from evalsuite.tables import TABLES
from evalsuite.tables import VERDICTS as VERDICT_COLUMNS

if TYPE_CHECKING:
    import pyarrow as pa

READERS = 2
"""Columns read at once: inflating one takes a core for itself."""
_SAMPLE = ["task", "sample_id"]
_SLOT = [*_SAMPLE, "system", "repeat"]
ASKED = ("cluster", "target", "metadata", "messages", "choices")
SAID = (
    *("text", "choice", "data", "reasoning", "tool_calls", "probabilities"),
    *("system", "repeat", "mean_logprob", "error_kind", "error_message"),
    *("input_tokens", "output_tokens", "joules"),
)
HOP_TEXTS = ("text", "choice", "answer", "error_message")
CALLS = (
    *("system", "repeat", "role", "member", "model", "reason", "status", "error_kind"),
    *("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens"),
    *("tokens_counted_by", "usd", "usd_basis", "seconds", "queue_seconds"),
    *("first_token_seconds", "service_seconds", "batch_size", "retries", "backoff_seconds"),
    *("joules", "joules_basis", "recorded", "cached"),
)
SCORES = ("system", "repeat", "name", "value", "status", "explanation", "decides")
VERDICTS = (
    *("judge", "by", "role", "criterion", "system", "system_a", "system_b", "order"),
    *("answer_repeat", "repeat", "value", "verdict", "status", "error_kind", "error_message"),
    *("right", "agrees", "self_judged", "said", "seconds", "usd"),
)


def parts(run: Run, places: Places, listed: Integers) -> dict[str, Part]:
    """All parts of the samples ``listed``, which are rows of the run's samples."""
    order = _order(places, listed)
    return {
        "asked": _asked(run, listed),
        "said": _answers(run, places, order, "responses", SAID),
        "calls": _calls(run, places, order),
        "scores": _answers(run, places, order, "scores", SCORES),
        "verdicts": _verdicts(run, places, order),
    }


def answer_texts(run: Run, places: Places, listed: Integers) -> Part:
    """Only what the systems said of the samples ``listed``: most of what a page holds."""
    return _answers(run, places, _order(places, listed), "responses", ("text",))


def _order(places: Places, listed: Integers) -> Integers:
    """The place of each sample of the run among those ``listed``, or -1."""
    order = np.full(places.n_samples, -1)
    order[listed] = np.arange(len(listed))
    return order


def _asked(run: Run, listed: Integers) -> Part:
    import pyarrow.compute as pc

    columns = _columns(run, "samples", ASKED, listed)
    # the prompt says what the inputs say; where there is none they stand for it
    unasked = np.asarray(pc.is_null(columns["messages"]))
    columns |= _columns(run, "samples", ["inputs"], np.where(unasked, listed, -1))
    return Part(columns, np.arange(len(listed)))


def _answers(run: Run, places: Places, order: Integers, table: str, names: Sequence[str]) -> Part:
    slots = places.slots(run.read(table, _SLOT))
    rows, samples = _sorted_rows(slots // places.slots_a_sample, order, slots)
    return Part(_columns(run, table, names, rows), samples)


def _calls(run: Run, places: Places, order: Integers) -> Part:
    frame = run.read("calls", [*_SLOT, "phase", "ordinal", "role", "started_at"])
    slots = places.slots(frame)
    slots[(frame["phase"] != "answer").to_numpy(dtype=bool)] = -1
    ordinal = frame["ordinal"].to_numpy(dtype=np.int64)
    rows, samples = _sorted_rows(slots // places.slots_a_sample, order, slots, ordinal)
    # a plain model's only call says what its answer says
    plain = (frame["role"] == "").to_numpy(dtype=bool)[rows]
    started = frame["started_at"].to_numpy(dtype=np.float64)[rows]
    del frame
    columns = _columns(run, "calls", HOP_TEXTS, np.where(plain, -1, rows))
    columns["answer"] = _more_than_text(columns["answer"])
    columns |= _columns(run, "calls", CALLS, rows)
    columns["after_seconds"] = _after(started, slots[rows])
    return Part(columns, samples)


def _verdicts(run: Run, places: Places, order: Integers) -> Part:
    rows, samples = _sorted_rows(places.samples(run.read("verdicts", _SAMPLE)), order)
    return Part(_columns(run, "verdicts", VERDICTS, rows), samples)


def _sorted_rows(sample: Integers, order: Integers, *by: Integers) -> tuple[Integers, Integers]:
    """The rows whose ``sample`` the page holds, and where: in the order of the page, then ``by``.

    ``order`` has the place of each sample of the run on the page, or -1.
    """
    place = np.where(sample >= 0, order[sample], -1) if len(order) else sample
    rows = np.flatnonzero(place >= 0)
    rows = rows[np.lexsort((*(key[rows] for key in reversed(by)), place[rows]))]
    return rows, place[rows]


def _columns(run: Run, table: str, names: Sequence[str], rows: Integers) -> dict[str, pa.Array]:
    """``rows`` of columns of ``table``, read two at a time, so that no more are held whole."""
    kinds = {**TABLES, "verdicts": VERDICT_COLUMNS}[table]

    def read(name: str) -> pa.Array:
        return column(run.read(table, [name])[name], kinds[name], rows)

    with ThreadPoolExecutor(READERS) as readers:
        return dict(zip(names, readers.map(read, names), strict=True))


def _more_than_text(answers: pa.Array) -> pa.Array:
    """Whole answers of calls (JSON), null where there is nothing in them but their text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_null(answers.type):
        return answers
    if pa.types.is_dictionary(answers.type):
        answers = answers.cast(answers.type.value_type)
    more = pc.match_substring_regex(answers, '"(reasoning|tool_calls|data)":')
    return pc.if_else(more, answers, None)


def _after(started: NDArray[np.float64], slots: Integers) -> pa.Array:
    """Seconds from the first call of each answer to each of its calls."""
    import pyarrow as pa

    if not len(slots):
        return pa.nulls(0)
    begins = np.flatnonzero(np.diff(slots, prepend=-1))
    first = np.minimum.reduceat(started, begins)
    n_calls = np.diff([*begins, len(slots)])
    return pa.array(started - np.repeat(first, n_calls), from_pandas=True)
