"""The columns of the live view, and which of them there is room for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.style import Style

from evalsuite.analysis.intervals import wilson
from evalsuite.analysis.numbers import EN_DASH, UNKNOWN, money, percent
from evalsuite.reporting.short import compact, kinds, rate, span
from evalsuite.reporting.tally import Amount, PairTally

GAP = 2
PLAIN, DIM, BOLD = Style(), Style(dim=True), Style(bold=True)
BAD, GOOD, WARN = Style(color="red"), Style(color="green"), Style(color="yellow", bold=True)

_BAR_CELLS = 10
_ERRORS_CELLS = (14, 40)

Piece = tuple[str, Style]
Line = list[Piece]


@dataclass(frozen=True, kw_only=True)
class Glyphs:
    """The characters beyond ASCII that the view uses, or what stands for them."""

    done: str
    left: str
    dash: str
    dot: str
    ellipsis: str
    at_least: str


UNICODE = Glyphs(done="━", left="─", dash=EN_DASH, dot="·", ellipsis="…", at_least="≥ ")
ASCII = Glyphs(done="#", left="-", dash="-", dot="-", ellipsis="~", at_least=">= ")


@dataclass(frozen=True, kw_only=True)
class Look:
    """At what moment a row is written, and with which characters."""

    now: float
    glyphs: Glyphs
    stopping: bool


@dataclass(frozen=True, kw_only=True)
class Column:
    """``cell`` gives the text of a row, "" where there is nothing to say."""

    title: str
    importance: int
    cell: Callable[[PairTally, Look], str]
    style: Style = PLAIN
    left: bool = False


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A column that is shown: its cells, one a row, and its width."""

    column: Column
    cells: Sequence[str]
    width: int

    @property
    def title(self) -> Piece:
        """The title, as wide as the column."""
        return self._aligned(self.column.title), DIM

    def pieces(self, row: int, glyphs: Glyphs) -> Line:
        """The cell of ``row``, as wide as the column."""
        text = self._aligned(self.cells[row])
        if self.column is BAR:
            return bar_pieces(text, glyphs)
        return [(text, GOOD if self.cells[row] == "done" else self.column.style)]

    def _aligned(self, text: str) -> str:
        space = " " * max(0, self.width - cell_len(text))
        return text + space if self.column.left else space + text


def fitting_columns(pairs: Sequence[PairTally], look: Look, room: int) -> list[Fitted]:
    """The most important columns that fit in ``room`` cells, in their usual order.

    A column that says nothing of any of ``pairs`` is left out. Errors are told by kind where there
    is room for that, and as a number where there is not.
    """
    chosen: dict[int, Fitted] = {}
    for column in sorted(COLUMNS, key=lambda item: -item.importance):
        cells = [column.cell(pair, look) for pair in pairs]
        if not any(cells):
            continue
        width = max(cell_len(column.title), max(cell_len(cell) for cell in cells))
        if column is ERRORS:
            number = chosen.get(COLUMNS.index(FAILED))
            freed = number.width + GAP if number else 0
            least, most = _ERRORS_CELLS
            width = min(width, most, max(least, room + freed - GAP))
            if width + GAP > room + freed:
                continue
            room += freed
            chosen.pop(COLUMNS.index(FAILED), None)
            cells = [kinds(pair.problems, width) for pair in pairs]
        if width + GAP <= room:
            room -= width + GAP
            chosen[COLUMNS.index(column)] = Fitted(column=column, cells=cells, width=width)
    return [chosen[index] for index in sorted(chosen)]


def cut(text: str, cells: int, glyphs: Glyphs) -> str:
    """``text`` in at most ``cells`` cells, with an ellipsis where something is missing."""
    if cell_len(text) <= cells:
        return text
    return set_cell_size(text, max(0, cells - 1)).rstrip() + glyphs.ellipsis


def bar(share: float, cells: int, glyphs: Glyphs) -> str:
    """A bar of which ``share`` is done."""
    done = min(cells, int(share * cells))
    return glyphs.done * done + glyphs.left * (cells - done)


def bar_pieces(text: str, glyphs: Glyphs) -> Line:
    """The two parts of a ``bar``, in two styles."""
    done = text.count(glyphs.done)
    return [(text[:done], GOOD), (text[done:], DIM)]


# -- cells ------------------------------------------------------------------------------------


def _answers(pair: PairTally, look: Look) -> str:
    if pair.preparing:
        return f"practice {pair.practice.answered:,}" if pair.practice.answered else ""
    return f"{pair.n:,}" if pair.ended else f"{pair.answered:,}/{pair.n:,}"


def _bar(pair: PairTally, look: Look) -> str:
    return "" if pair.preparing else bar(pair.answered / pair.n, _BAR_CELLS, look.glyphs)


def _right(pair: PairTally, look: Look) -> str:
    if pair.preparing:
        return ""
    return percent(pair.right / pair.scored) if pair.scored else UNKNOWN


def _interval(pair: PairTally, look: Look) -> str:
    if not pair.scored:
        return ""
    low, high = wilson(pair.right, pair.scored)
    return f"{100 * low:.1f}{look.glyphs.dash}{100 * high:.1f}"


def _rate(pair: PairTally, look: Look) -> str:
    per_second = pair.per_second(look.now)
    return look.glyphs.dash if per_second is None else rate(per_second)


def _left(pair: PairTally, look: Look) -> str:
    if pair.ended:
        return "done"
    if look.stopping:
        return "stopping"
    if pair.preparing:
        return "preparing"
    if pair.answered >= pair.n:
        return f"scoring {100 * pair.graded // pair.n} %"
    seconds = pair.seconds_left(look.now)
    return look.glyphs.dash if seconds is None else span(seconds)


def _spend(pair: PairTally, look: Look) -> str:
    if pair.preparing:
        return _least(pair.practice.usd, look, money) if pair.practice.answered else ""
    return _least(pair.usd, look, money) if pair.answered else ""


def _in_flight(pair: PairTally, look: Look) -> str:
    if pair.ended or not pair.limit:
        return ""
    return f"{pair.in_flight}/{pair.limit}" if pair.in_flight else f"up to {pair.limit}"


def _tokens(pair: PairTally, look: Look) -> str:
    if not pair.answered:
        return ""
    both = [_least(tokens, look, compact) for tokens in (pair.input_tokens, pair.output_tokens)]
    return UNKNOWN if both == [UNKNOWN, UNKNOWN] else " / ".join(both)


def _least(amount: Amount, look: Look, write: Callable[[float], str]) -> str:
    """``amount``; where parts of it are unknown, the least that it is."""
    if not amount.n_unknown:
        return write(amount.known)
    return f"{look.glyphs.at_least}{write(amount.known)}" if amount.known else UNKNOWN


def _failed(pair: PairTally, look: Look) -> str:
    failed = sum(pair.problems.values())
    return f"{failed:,}" if failed else ""


def _errors(pair: PairTally, look: Look) -> str:
    return kinds(pair.problems)


def _before(pair: PairTally, look: Look) -> str:
    reused = pair.practice.reused if pair.preparing else pair.reused
    return f"{reused:,}" if reused else ""


def _retries(pair: PairTally, look: Look) -> str:
    return f"{pair.retries:,}" if pair.retries else ""


def _cached(pair: PairTally, look: Look) -> str:
    return f"{pair.cached_calls:,}" if pair.cached_calls else ""


BAR = Column(title="", importance=50, cell=_bar, left=True)
FAILED = Column(title="failed", importance=85, cell=_failed, style=BAD)
ERRORS = Column(title="errors", importance=60, cell=_errors, style=BAD, left=True)
COLUMNS = (
    Column(title="answers", importance=100, cell=_answers),
    BAR,
    Column(title="before", importance=52, cell=_before, style=DIM),
    Column(title="right", importance=90, cell=_right),
    Column(title="95 %", importance=65, cell=_interval, style=DIM),
    FAILED,
    Column(title="/s", importance=75, cell=_rate),
    Column(title="ETA", importance=80, cell=_left),
    Column(title="spend", importance=70, cell=_spend),
    Column(title="in flight", importance=45, cell=_in_flight),
    Column(title="retries", importance=42, cell=_retries),
    Column(title="cached", importance=48, cell=_cached, style=DIM),
    Column(title="tokens in / out", importance=40, cell=_tokens),
    ERRORS,
)
