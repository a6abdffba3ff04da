"""The live view of a run as lines of text: a header, and a row for each system on each task.

Cheap enough to be drawn four times a second beside the run it shows: lines are put together from
strings, without the layout machinery of a table. Narrow terminals lose columns, never lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment

from evalsuite.analysis.numbers import UNKNOWN, money, percent
from evalsuite.reporting.live_columns import (
    ASCII,
    BOLD,
    DIM,
    GAP,
    PLAIN,
    UNICODE,
    WARN,
    Glyphs,
    Line,
    Look,
    bar,
    bar_pieces,
    cut,
    fitting_columns,
)
from evalsuite.reporting.plain import one_line
from evalsuite.reporting.short import compact, span
from evalsuite.reporting.tally import Amount, PairTally, Tally

_BAR_CELLS = 24
_LEAST_NAME_CELLS = 16
_NOT_ROWS = 4
"""Lines beside the rows: the header, the titles, what is left out, and the cursor's."""


@dataclass(frozen=True)
class LiveTable:
    """What rich draws: the state of ``tally`` at ``now``, in no more lines than the terminal has.

    ``at_work`` leaves the cursor on a line of its own below, where a Ctrl-C is echoed and the
    prompt appears if the process is killed.
    """

    tally: Tally
    now: float
    at_work: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        glyphs = ASCII if options.ascii_only else UNICODE
        lines = live_lines(self.tally, self.now, options.max_width, options.size.height, glyphs)
        for line in lines:
            for text, style in line:
                yield Segment(text, style)
            yield Segment.line()
        if self.at_work:
            yield Segment.line()


def live_lines(
    tally: Tally, now: float, width: int, height: int, glyphs: Glyphs = UNICODE
) -> list[Line]:
    """The lines, each at most ``width`` cells wide and fewer than ``height`` of them."""
    look = Look(now=now, glyphs=glyphs, stopping=tally.stopping)
    pairs = list(tally.pairs)
    room = height - _NOT_ROWS
    lines = [_header(tally, look, width)]
    if pairs and room > 0:
        shown, hidden = _rows(pairs, room)
        lines += _table(shown, look, width)
        if hidden:
            lines.append([(cut(_left_out(hidden), width, glyphs), DIM)])
    return lines


def _header(tally: Tally, look: Look, width: int) -> Line:
    """What fits of: state, answers, bar, share, time gone, time left, spend, reused answers."""
    if not tally.n:
        state = "stopping" if tally.stopping else "opening systems and reading tasks"
        return [(cut(f"{state}  {elapsed_of(tally, look.now)}", width, look.glyphs), BOLD)]
    answered = tally.answered
    share = min(1.0, answered / tally.n)
    progress = bar_pieces(bar(share, _BAR_CELLS, look.glyphs), look.glyphs)
    reused = f"{tally.reused:,} from before" if tally.reused else ""
    parts: list[tuple[float, Line]] = [
        (9, [("stopping" if tally.stopping else "", WARN)]),
        (3, [(f"round {tally.round}" if tally.round > 1 else "", PLAIN)]),
        (10, [(f"{answered:,}/{tally.n:,} answers", BOLD)]),
        (2, progress),
        (5, [(percent(share), PLAIN)]),
        (4, [(elapsed_of(tally, look.now), PLAIN)]),
        (8, [(_what_is_left(tally, look.now), PLAIN)]),
        (7, [(spent(tally), PLAIN)]),
        (5.5, [(tokens_used(tally), PLAIN)]),
        (6, [(reused, DIM)]),
    ]
    return _side_by_side(parts, width)


def _what_is_left(tally: Tally, now: float) -> str:
    if tally.all_scored:
        return "writing tables"
    seconds = tally.seconds_left(now)
    if tally.stopping or seconds is None:
        return ""
    return f"ETA {span(seconds)}" if seconds else "scoring"


def spent(tally: Tally) -> str:
    """``spent $0.42 of $5.00``; at least that much, where some calls have no price."""
    limit = "" if tally.limits.usd is None else f" of {money(tally.limits.usd)}"
    usd = tally.usd
    if not usd.n_unknown:
        return f"spent {money(usd.known)}{limit}"
    return f"spent at least {money(usd.known)}{limit}" if usd.known else f"spent {UNKNOWN}"


def tokens_used(tally: Tally) -> str:
    """``61k of 100k tokens``; "" where there is no limit to them."""
    if tally.limits.tokens is None:
        return ""
    used = f"{compact(tally.tokens.known)} of {compact(tally.limits.tokens)} tokens"
    return f"at least {used}" if tally.tokens.n_unknown else used


def elapsed_of(tally: Tally, now: float) -> str:
    """``12 s``, or ``12 s of 60 s`` where a session may take no longer."""
    elapsed = span(max(0.0, now - tally.began_at))
    limit = tally.limits.seconds
    return elapsed if limit is None else f"{elapsed} of {span(limit)}"


def _side_by_side(parts: Sequence[tuple[float, Line]], width: int) -> Line:
    """The most important parts that fit, in their order; an empty one takes no room."""
    widths = [sum(cell_len(text) for text, _ in line) for _, line in parts]
    left, chosen = width + GAP, set()
    for index in sorted(range(len(parts)), key=lambda index: -parts[index][0]):
        if widths[index] and widths[index] + GAP <= left:
            left -= widths[index] + GAP
            chosen.add(index)
    whole: Line = []
    for index in sorted(chosen):
        whole += [(" " * GAP, PLAIN)] if whole else []
        whole += parts[index][1]
    return whole


def _rows(pairs: Sequence[PairTally], room: int) -> tuple[list[PairTally], list[PairTally]]:
    """Those that are shown and those that are not: work in progress first, then the latest."""
    order = sorted(range(len(pairs)), key=lambda index: (pairs[index].ended, -index))
    kept = set(order[:room])
    shown = [pair for index, pair in enumerate(pairs) if index in kept]
    return shown, [pair for index, pair in enumerate(pairs) if index not in kept]


def _left_out(pairs: Sequence[PairTally]) -> str:
    """One line for all of ``pairs``."""
    usd = Amount()
    for pair in pairs:
        usd.add(pair.usd.total)
    state = "done" if all(pair.ended for pair in pairs) else "not shown"
    spend = money(usd.total) if usd.total is not None else f"spend {UNKNOWN}"
    answers, failed = sum(pair.answered for pair in pairs), sum(pair.failed for pair in pairs)
    return f"{len(pairs):,} more {state}: {answers:,} answers, {failed:,} failed, {spend}"


def _table(pairs: Sequence[PairTally], look: Look, width: int) -> list[Line]:
    """Titles, and a row for each of ``pairs``."""
    glyphs = look.glyphs
    names = [(one_line(pair.system, 60), one_line(pair.task, 60)) for pair in pairs]
    longest = max(cell_len(_whole(system, task, glyphs)) for system, task in names)
    for_names = min(longest, max(_LEAST_NAME_CELLS, 2 * width // 5))
    columns = fitting_columns(pairs, look, width - for_names)
    for_names = max(1, min(longest, width - sum(column.width + GAP for column in columns)))
    if longest > for_names:
        names = [(system, task.rpartition("/")[2]) for system, task in names]
    title: Line = [(_sized(_whole("system", "task", glyphs), for_names, glyphs), DIM)]
    for column in columns:
        title += [(" " * GAP, PLAIN), column.title]
    lines = [title]
    for row, pair in enumerate(pairs):
        line: Line = [(_name(*names[row], for_names, glyphs), PLAIN if pair.ended else BOLD)]
        for column in columns:
            line += [(" " * GAP, PLAIN), *column.pieces(row, glyphs)]
        lines.append(line)
    return lines


def _whole(system: str, task: str, glyphs: Glyphs) -> str:
    return f"{system} {glyphs.dot} {task}"


def _name(system: str, task: str, cells: int, glyphs: Glyphs) -> str:
    """System and task in ``cells``; neither pushes the other out."""
    if cell_len(_whole(system, task, glyphs)) > cells:
        least = cells - cell_len(_whole("", task, glyphs))
        system = cut(system, max(cells // 2 - 2, least, 1), glyphs)
    return _sized(_whole(system, task, glyphs), cells, glyphs)


def _sized(text: str, cells: int, glyphs: Glyphs) -> str:
    return set_cell_size(cut(text, cells, glyphs), cells)
