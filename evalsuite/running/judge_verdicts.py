"""Verdicts as they are kept: of answers and pairs, of panels, and means over criteria."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from msgspec.structs import replace

from evalsuite.errors import ConfigError
from evalsuite.judging.judge_file import CORRECT, OVERALL, JudgeFile
from evalsuite.judging.panels import mean_score, vote
from evalsuite.judging.scales import TIE, A
from evalsuite.records import Response, Verdict, VerdictRole, total
from evalsuite.running.judge_marks import Mark, is_score, marks_of, places_of, winner_of
from evalsuite.running.judge_questions import BA, Put
from evalsuite.running.judge_task import JudgeTask
from evalsuite.systems.hybrids.committee import log_odds

SelfJudged = Callable[[str, str], bool]


def verdicts_of(
    judging: JudgeTask, put: Put, response: Response, role: VerdictRole, self_judged: SelfJudged
) -> Iterator[Verdict]:
    """The verdicts in a judge's response to ``put``.

    ``self_judged(by, system)`` says whether a judge and a system have a model in common.
    """
    judge = judging.bound.judge
    if response.answer is None:
        marks = [
            Mark(
                criterion=name,
                error_kind=response.error_kind or "failed",
                error_message=response.error_message,
            )
            for name in put.criteria
        ]
    else:
        marks = marks_of(judge, put, response.answer)
    input_tokens = total(call.input_tokens for call in response.calls)
    output_tokens = total(call.output_tokens for call in response.calls)
    for mark in marks:
        bare = _bare(judging, put, mark.criterion, response.system, role)
        base = replace(
            bare,
            status="judge_error" if mark.label is None else "judged",
            repeat=response.repeat,
            basis=mark.basis,
            error_kind=mark.error_kind,
            error_message=mark.error_message,
            said=None if response.answer is None else response.answer.text,
            seconds=response.seconds,
            usd=total(call.usd for call in response.calls),
            billed_usd=total(call.billed_usd for call in response.calls),
            input_tokens=None if input_tokens is None else int(input_tokens),
            output_tokens=None if output_tokens is None else int(output_tokens),
            question_key=response.key,
        )
        for verdict in _placed(judge, put, mark, base):
            yield _marked(verdict, self_judged)


def unasked(judging: JudgeTask, by: str, role: VerdictRole, repeats: int) -> Iterator[Verdict]:
    """A row for every verdict that there cannot be, because a system failed to answer."""
    judge = judging.bound.judge
    for put in judging.unasked:
        failed = [answer for answer in put.shown if answer.text is None]
        for criterion in put.criteria:
            base = replace(
                _bare(judging, put, criterion, by, role),
                error_kind=failed[0].error_kind,
                error_message=f"no answer of {', '.join(answer.system for answer in failed)}",
            )
            for repeat in range(repeats):
                yield from _placed(
                    judge, put, Mark(criterion=criterion), replace(base, repeat=repeat)
                )


def overall(judge: JudgeFile, verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """The mean over the criteria for each answer, where the judge wants one."""
    if judge.overall is None:
        return
    for rows in _grouped(verdicts, lambda row: (row.by, row.role, *_item(row))).values():
        values = [row.value for row in rows if row.value is not None]
        failed = next((row for row in rows if row.value is None), None)
        base = _derived(rows[0], criterion=OVERALL)
        if failed is None:
            mean = sum(values) / len(values)
            bases = {row.basis for row in rows}
            basis = rows[0].basis if len(bases) == 1 else "plain"
            yield replace(base, value=mean, verdict=f"{mean:g}", basis=basis, status="judged")
        elif failed.status == "system_error":
            yield replace(base, status="system_error", error_kind=failed.error_kind)
        else:
            message = f"{failed.criterion}: {failed.error_kind}"
            yield replace(
                base, status="judge_error", error_kind="incomplete", error_message=message
            )


def panel(judging: JudgeTask, members: Sequence[Verdict]) -> Iterator[Verdict]:
    """One verdict of the panel for those of its members on the same thing.

    A member without a verdict abstains. Where the top labels tie, two answers tie and a score has
    no verdict (``no_majority``).

    Raises:
        ConfigError: weights are to be measured, and nothing says what is right.
    """
    binding = judging.bound.binding
    assert binding.aggregate is not None
    groups = _grouped(members, lambda row: (row.criterion, row.order, *_item(row)))
    measured = _Reliability(members) if binding.aggregate == "weighted" else None
    if measured is not None and binding.weights is None and not measured.known:
        raise ConfigError(
            f"judge {binding.title!r}: nothing says how reliable its systems are, because no "
            "task's own score says which verdict is right; write `weights:`"
        )
    by = f"{binding.aggregate} of {', '.join(binding.by)}"
    for rows in groups.values():
        base = replace(_derived(rows[0], criterion=rows[0].criterion), role="panel", by=by)
        base = replace(base, self_judged=any(row.self_judged for row in rows))
        if rows[0].status == "system_error":
            yield replace(base, status="system_error", error_kind=rows[0].error_kind)
            continue
        weights: Mapping[str, float] | None = binding.weights
        if weights is None and measured is not None:
            weights = measured.weights(rows[0].sample_id, binding.by)
        yield _aggregated(judging.bound.judge, binding.aggregate, base, rows, weights)


def _aggregated(
    judge: JudgeFile,
    how: str,
    base: Verdict,
    rows: Sequence[Verdict],
    weights: Mapping[str, float] | None,
) -> Verdict:
    given = [row for row in rows if row.value is not None]
    if not given:
        return replace(base, status="judge_error", error_kind="all_failed")
    message = f"{len(given)} of {len(rows)} gave a verdict" if len(given) < len(rows) else None
    scored = is_score(judge)
    if how == "vote":
        won = vote({row.by: row.verdict for row in rows})
        label = won.label or (None if scored else TIE)
        if label is None:
            return replace(
                base, status="judge_error", error_kind="no_majority", error_message=message
            )
        values = {"a": 1.0, TIE: 0.5, "b": 0.0}
        value = judge.scale_of(base.criterion).values[label] if scored else values[label]
        basis = "plain"
    else:
        # Every weight 0 says that nobody is known to be better than a coin: then all count alike.
        used = weights if weights and any(weights[row.by] for row in given) else None
        mean = mean_score({row.by: row.value for row in rows}, used)
        assert mean is not None
        value = mean
        label = _label_at(judge, base.criterion, value) if scored else winner_of(value)
        basis = "expected" if any(row.basis == "expected" for row in given) else "plain"
    return replace(
        base,
        status="judged",
        value=value,
        verdict=label,
        basis="expected" if basis == "expected" else "plain",
        agrees=None if base.right is None else label == base.right,
        error_message=message,
    )


class _Reliability:
    """How often each member was right, where labels or the tasks' own scores say what is."""

    def __init__(self, members: Iterable[Verdict]) -> None:
        self._asked: Counter[tuple[str, str | None]] = Counter()
        self._right: Counter[tuple[str, str | None]] = Counter()
        for row in members:
            if row.agrees is not None:
                for sample in (row.sample_id, None):
                    self._asked[row.by, sample] += 1
                    self._right[row.by, sample] += row.agrees
        self.known = bool(self._asked)

    def weights(self, sample_id: str, names: Iterable[str]) -> dict[str, float]:
        """Log-odds of being right about all samples but this one: an item never weighs itself."""
        return {
            name: log_odds(
                self._right[name, None] - self._right[name, sample_id],
                self._asked[name, None] - self._asked[name, sample_id],
            )
            for name in names
        }


def _bare(judging: JudgeTask, put: Put, criterion: str, by: str, role: VerdictRole) -> Verdict:
    return Verdict(
        judge=judging.bound.binding.title,
        judge_version=judging.bound.judge.version,
        by=by,
        role=role,
        criterion=criterion,
        task=put.item.task,
        sample_id=put.item.sample_id,
        cluster=put.item.cluster,
        status="system_error",
        order=put.order,
        answer_repeat=put.shown[0].repeat,
    )


def _placed(judge: JudgeFile, put: Put, mark: Mark, base: Verdict) -> Iterator[Verdict]:
    """``base`` for the answer, the pair or all pairs of the list that ``mark`` is about."""
    if is_score(judge):
        answer = put.shown[0]
        right = put.rights.get(mark.criterion)
        known = right is not None and mark.label is not None
        yield replace(
            base,
            system=answer.system,
            response_key=answer.key,
            value=mark.value,
            verdict=mark.label,
            right=right,
            agrees=mark.label == right if known else None,
        )
        return
    n = len(put.shown)
    if mark.label is None:
        for i, j in combinations(range(n), 2):
            yield _of_pair(put, i, j, base, None, None)
    elif judge.kind == "listwise":
        for i, j, value in places_of(mark.label, n):
            yield _of_pair(put, i, j, base, value, None)
    else:
        yield _of_pair(put, 0, 1, base, mark.value, mark.label)


def _of_pair(
    put: Put, i: int, j: int, base: Verdict, value: float | None, label: str | None
) -> Verdict:
    """A row about the answers at places i < j; a is the one that comes first in the experiment."""
    a, b = put.shown[i], put.shown[j]
    if put.order == BA:
        a, b = b, a
        value = None if value is None else 1 - value
    verdict = _side(put, label)
    if label is None and value is not None:
        verdict = winner_of(value)
    right = _side(put, put.rights.get(base.criterion))
    return replace(
        base,
        system_a=a.system,
        system_b=b.system,
        response_key_a=a.key,
        response_key_b=b.key,
        value=value,
        verdict=verdict,
        right=right,
        agrees=None if right is None or verdict is None else verdict == right,
    )


def _side(put: Put, label: str | None) -> str | None:
    """The verdict "a", "b" or "tie" of a label about the places A and B."""
    if label is None or label == TIE:
        return label
    return "b" if (label == A) == (put.order == BA) else "a"


def _marked(verdict: Verdict, self_judged: SelfJudged) -> Verdict:
    names = (verdict.system, verdict.system_a, verdict.system_b)
    own = any(self_judged(verdict.by, name) for name in names if name is not None)
    return replace(verdict, self_judged=own)


def _item(row: Verdict) -> tuple[Hashable, ...]:
    systems = (row.system, row.system_a, row.system_b)
    return (row.task, row.sample_id, *systems, row.answer_repeat, row.repeat)


def _grouped(
    rows: Iterable[Verdict], key: Callable[[Verdict], Hashable]
) -> dict[Hashable, list[Verdict]]:
    groups: dict[Hashable, list[Verdict]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def _derived(row: Verdict, *, criterion: str) -> Verdict:
    """``row`` as the base of a verdict that is computed from others: nothing was asked for it."""
    return replace(
        row,
        criterion=criterion,
        value=None,
        verdict=None,
        basis=None,
        error_kind=None,
        error_message=None,
        right=row.right if criterion == row.criterion else None,
        agrees=None,
        said=None,
        seconds=None,
        usd=None,
        billed_usd=None,
        input_tokens=None,
        output_tokens=None,
        question_key=None,
    )


def _label_at(judge: JudgeFile, criterion: str, value: float) -> str:
    """The label nearest to a mean; a number stays what it is."""
    scale = judge.scale_of(criterion)
    if scale.numeric:
        return f"{value:g}"
    if judge.kind == "correctness":
        return min(
            scale.labels, key=lambda label: (abs(scale.values[label] - value), label == CORRECT)
        )
    return min(scale.labels, key=lambda label: abs(scale.values[label] - value))
