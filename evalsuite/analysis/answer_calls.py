"""The calls behind a run's answers, in the columns that figures need, each with its answer's row.

Made once for a summary: whatever looks at calls then counts integers instead of joining texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "response_key",
    "system",
    "ordinal",
    "phase",
    "role",
    "member",
    "status",
    "error_kind",
    "usd",
    "usd_basis",
    "billed_usd",
    "joules",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "machine_seconds",
    "queue_seconds",
    "first_token_seconds",
    "service_seconds",
    "retries",
    "recorded",
)
Positions = NDArray[np.intp]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class AnswerCalls:
    """The ``n`` calls of a run's ``responses``, practice left out.

    ``frame`` has the columns of ``COLUMNS``; ``rows`` (n,) says which row of the responses each
    call belongs to. ``last`` (n,) marks the last call of each answer that gave a result, ``failed``
    (n,) the calls that gave none; all others are hops that another one followed.
    ``responses_of`` and ``calls_of`` are the rows of each system's responses, and of its calls.
    """

    frame: pd.DataFrame
    rows: Positions
    last: Flags
    failed: Flags
    responses_of: Mapping[str, Positions]
    calls_of: Mapping[str, Positions]


def answer_calls(calls: pd.DataFrame, responses: pd.DataFrame) -> AnswerCalls:
    """Those of ``calls`` that ``responses`` were made of; rows of the tables of these names.

    ``calls`` have the columns of ``COLUMNS`` and the index of their table.
    """
    import pandas as pd

    frame = calls[(calls["phase"] == "answer").to_numpy(dtype=bool)]
    rows = positions_of(frame["response_key"], responses["key"])
    known = rows >= 0
    if not known.all():
        frame, rows = frame[known], rows[known]
    failed = (frame["status"] == "error").to_numpy(dtype=bool)
    codes, found = pd.factorize(responses["system"])
    names = [str(name) for name in found]
    return AnswerCalls(
        frame=frame,
        rows=rows,
        last=_last(rows, frame["ordinal"].to_numpy(dtype=np.int64), ~failed, len(responses)),
        failed=failed,
        responses_of=_by_code(codes, names),
        calls_of=_by_code(codes[rows], names),
    )


def positions_of(keys: pd.Series, of: pd.Series) -> Positions:
    """The position (n,) of each of ``keys`` (n,) among ``of``, which are distinct; -1 for none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.index_in(pa.array(keys, pa.string()), value_set=pa.array(of, pa.string()))
    return np.asarray(found.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.intp)


def _by_code(codes: Positions, names: Sequence[str]) -> dict[str, Positions]:
    """The positions at which each of ``names`` stands in ``codes`` (n,), in order."""
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(names)))
    parts = np.split(order, ends[:-1]) if len(names) else []
    return {str(name): part for name, part in zip(names, parts, strict=True)}


def _last(rows: Positions, ordinals: NDArray[np.int64], gave: Flags, n_rows: int) -> Flags:
    """The call of the highest ordinal among those that ``gave`` a result, of each answer (n,)."""
    highest = np.full(n_rows, -1, dtype=np.int64)
    np.maximum.at(highest, rows[gave], ordinals[gave])
    return np.asarray(gave & (ordinals == highest[rows]))
