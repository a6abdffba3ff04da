"""Tags of tokens (BIO and its kin): entities out of them, and the figures of conlleval and seqeval.

Without a scheme, tags are read as conlleval (Tjong Kim Sang and Buchholz 2000) and seqeval's
default read them: whatever can begin an entity does. With a scheme they are read to the letter, as
seqeval's ``mode="strict"``: an entity that breaks the scheme is none. Equal to seqeval 1.2.2 on any
sequence of tags; what is no tag is refused here, where seqeval warns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from evalsuite.scoring.spans import Counts, Span, by_label

Scheme = Literal["IOB1", "IOB2", "IOE1", "IOE2", "IOBES", "BILOU"]
Average = Literal["micro", "macro", "weighted"]
_Pattern = tuple[str, str, bool | None]
"""Prefixes of the tag before and of this one, and whether both have one type (None: either)."""


class _Rules(NamedTuple):
    """When a tag starts an entity, continues it, and shows that the one before it has ended."""

    prefixes: str
    starts: tuple[_Pattern, ...]
    continues: tuple[_Pattern, ...]
    ends: tuple[_Pattern, ...]


_RULES: dict[Scheme, _Rules] = {
    "IOB1": _Rules(
        "IOB",
        (("O", "I", None), ("I", "I", False), ("B", "I", None), ("I", "B", True), ("B", "B", True)),
        (("BI", "I", True),),
        (
            ("I", "I", False),
            ("I", "OB", None),
            ("B", "O", None),
            ("B", "I", False),
            ("B", "B", True),
        ),
    ),
    "IOB2": _Rules(
        "IOB",
        (("IOB", "B", None),),
        (("BI", "I", True),),
        (("I", "OB", None), ("I", "I", False), ("B", "OB", None), ("B", "I", False)),
    ),
    "IOE1": _Rules(
        "IOE",
        (("O", "I", None), ("I", "I", False), ("E", "I", None), ("E", "E", True)),
        (("I", "IE", True),),
        (("I", "I", False), ("I", "O", None), ("I", "E", False), ("E", "IE", True)),
    ),
    "IOE2": _Rules(
        "IOE",
        (("OE", "IE", None), ("I", "IE", False)),
        (("I", "IE", True),),
        (("E", "IOE", None),),
    ),
    "IOBES": _Rules(
        "IOBES",
        (("IOBES", "BS", None),),
        (("BI", "IE", True),),
        (("ES", "IOBES", None),),
    ),
    "BILOU": _Rules(
        "BILOU",
        (("BILOU", "BU", None),),
        (("BI", "IL", True),),
        (("LU", "BILOU", None),),
    ),
}
SCHEMES = tuple(_RULES)


def spans_of_tags(tags: Sequence[str], scheme: Scheme | None = None) -> list[Span]:
    """The entities of one sentence, as spans of token positions (end exclusive).

    Args:
        tags: "O" or a prefix and a type, "B-person". A prefix alone has the type "_".
        scheme: To read to the letter; None reads B, I, E, S and O leniently.

    Raises:
        ValueError: If a tag has a prefix that the scheme does not know.
    """
    rules = _RULES[scheme] if scheme else None
    known = rules.prefixes if rules else "OBIES"
    parts = [_parts(tag, known) for tag in tags]
    return _strict(parts, rules) if rules else _lenient(parts)


def _parts(tag: str, known: str) -> tuple[str, str]:
    if tag[:1] not in known or not tag or (len(tag) > 1 and (tag[0] == "O" or tag[1] != "-")):
        raise ValueError(f"{tag!r} is no tag: O, or one of {', '.join(known)} with - and a type")
    return tag[0], tag[2:] or "_"


def _lenient(parts: Sequence[tuple[str, str]]) -> list[Span]:
    spans: list[Span] = []
    start, open_type = 0, ""
    before = "O"
    for at, (prefix, type_) in enumerate([*parts, ("O", "")]):
        goes_on = before in "BI" and prefix in "IE" and type_ == open_type
        if not goes_on:
            if before != "O":
                spans.append(Span(start, at, open_type))
            start, open_type = at, type_
        before = prefix
    return spans


def _strict(parts: Sequence[tuple[str, str]], rules: _Rules) -> list[Span]:
    tokens = [*parts, ("O", "_")]
    spans: list[Span] = []
    before, at = ("O", "_"), 0
    while at < len(tokens):
        end = at + 1
        if _matches(rules.starts, before, tokens[at]):
            while end < len(tokens) and _matches(rules.continues, tokens[end - 1], tokens[end]):
                end += 1
            if _matches(rules.ends, tokens[end - 1], tokens[end]):
                spans.append(Span(at, end, tokens[at][1]))
        at, before = end, tokens[end - 1]
    return spans


def _matches(patterns: Iterable[_Pattern], before: tuple[str, str], now: tuple[str, str]) -> bool:
    same = before[1] == now[1]
    return any(
        before[0] in first and now[0] in second and (wanted is None or wanted == same)
        for first, second, wanted in patterns
    )


@dataclass(frozen=True)
class TagReport:
    """Figures over the tagged sentences of one system.

    ``labels`` has strict counts (correct, missed, spurious) by type, in order of name;
    ``undeclared`` those of the predicted types that were not declared, all spurious.
    """

    n_sentences: int
    n_tokens: int
    n_tokens_right: int
    labels: Mapping[str, Counts]
    undeclared: Counts

    @property
    def accuracy(self) -> float | None:
        """Share of tokens with exactly the right tag; None without tokens."""
        return self.n_tokens_right / self.n_tokens if self.n_tokens else None

    @property
    def total(self) -> Counts:
        """Counts over all types, undeclared ones included."""
        return sum(self.labels.values(), self.undeclared)

    def precision_recall_f1(self, average: Average = "micro") -> tuple[float, float, float]:
        """Precision, recall and F1; what is undefined for want of entities is 0, as in seqeval.

        "macro" is the mean over the ``labels`` that occur in gold or predictions, "weighted" the
        mean over them weighted by gold entities.
        """
        if average == "micro":
            return _figures(self.total)
        occurring = [counts for counts in self.labels.values() if counts != Counts()]
        rows = [_figures(counts) for counts in occurring]
        weights = [1 if average == "macro" else counts.gold for counts in occurring]
        if not sum(weights):
            return 0.0, 0.0, 0.0
        precision, recall, f1 = (
            sum(weight * value for weight, value in zip(weights, column, strict=True))
            / sum(weights)
            for column in zip(*rows, strict=True)
        )
        return precision, recall, f1


def _figures(counts: Counts) -> tuple[float, float, float]:
    return counts.precision or 0.0, counts.recall or 0.0, counts.f1 or 0.0


def tag_report(
    gold: Iterable[Sequence[str]],
    predicted: Iterable[Sequence[str]],
    *,
    scheme: Scheme | None = None,
    labels: Sequence[str] | None = None,
) -> TagReport:
    """Compare tag sequences, sentence by sentence.

    Args:
        gold: Tags of each sentence.
        predicted: Tags of the same tokens.
        scheme: See :func:`spans_of_tags`.
        labels: The declared types. A predicted entity of another type is spurious, and its type
            is not among those that macro averages are over. None takes the types that occur, as
            seqeval does.

    Raises:
        ValueError: If the sentences differ in number or length, a tag is no tag, or ``gold`` has a
            type that is not declared.
    """
    n_sentences = n_tokens = n_right = 0
    totals: dict[str, Counts] = dict.fromkeys(labels or (), Counts())
    undeclared = Counts()
    for wanted, said in zip(gold, predicted, strict=True):
        if len(wanted) != len(said):
            raise ValueError(
                f"sentence {n_sentences} has {len(wanted)} gold tags and {len(said)} predicted ones"
            )
        n_sentences += 1
        n_tokens += len(wanted)
        n_right += sum(one == other for one, other in zip(wanted, said, strict=True))
        true, found = spans_of_tags(wanted, scheme), spans_of_tags(said, scheme)
        occurring = {span.label for span in (*true, *found)}
        strange = {span.label for span in true}.difference(occurring if labels is None else labels)
        if strange:
            raise ValueError(f"gold has undeclared types: {', '.join(sorted(strange))}")
        for label, counts in by_label(true, found, occurring).items():
            if labels is None or label in labels:
                totals[label] = totals.get(label, Counts()) + counts
            else:
                undeclared += counts
    return TagReport(n_sentences, n_tokens, n_right, dict(sorted(totals.items())), undeclared)


def conlleval(report: TagReport) -> str:
    """The report as ``conlleval`` prints it, in percent."""
    total = report.total
    precision, recall, f1 = (100 * figure for figure in report.precision_recall_f1())
    lines = [
        f"processed {report.n_tokens} tokens with {total.gold} phrases; "
        f"found: {total.predicted} phrases; correct: {total.correct}.",
        f"accuracy: {100 * (report.accuracy or 0.0):6.2f}%; precision: {precision:6.2f}%; "
        f"recall: {recall:6.2f}%; FB1: {f1:6.2f}",
    ]
    for label, counts in report.labels.items():
        precision, recall, f1 = (100 * figure for figure in _figures(counts))
        lines.append(
            f"{label:>17}: precision: {precision:6.2f}%; recall: {recall:6.2f}%; "
            f"FB1: {f1:6.2f}  {counts.predicted}"
        )
    return "\n".join(lines)
