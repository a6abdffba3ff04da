"""Judging in rounds: pairs are chosen while judging, and no more than it takes to settle an order.

A question is asked about a pair on a sample, in both orders. The samples of a pair come in an order
of its own that is drawn from the seed before anything is asked, and are taken from its start, so
nothing that was answered has a say in which come next; answers only say how many (``choosing``) and
when to stop (``standing``). Everything follows from the verdicts on record: a judging that was
stopped, or killed, goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, takewhile, zip_longest
from typing import NamedTuple

from evalsuite.experiment import Experiment, PlannedTask
from evalsuite.judging.binding import Active, JudgeBinding
from evalsuite.judging.choosing import first_pairs, next_clusters
from evalsuite.judging.settling import Ended, OpenPair, Settling, in_order
from evalsuite.judging.standing import Pair, Standing, standing
from evalsuite.records import Verdict, fingerprint
from evalsuite.running.judge_task import JudgeTask, QuestionId, narrowed
from evalsuite.running.plan import Plan, PlannedCalls, plan

Rows = Mapping[tuple[str, QuestionId], Sequence[Verdict]]
"""Verdicts by who gave them and the question they were read from."""
OUTCOMES = {"a": 1.0, "tie": 0.5, "b": 0.0}


class Item(NamedTuple):
    """The answers of a pair to one sample, in one repeat of them."""

    task: str
    sample_id: str
    system_a: str
    system_b: str
    answer_repeat: int


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """What is asked together about a pair: all samples that share something, mostly just one."""

    name: str
    items: Mapping[Item, Sequence[QuestionId]]

    @property
    def questions(self) -> list[QuestionId]:
        """All questions of all items."""
        return [question for questions in self.items.values() for question in questions]


@dataclass(frozen=True, kw_only=True)
class Pool:
    """All questions there are: of each pair its clusters, in the order in which they are asked."""

    systems: tuple[str, ...]
    clusters: Mapping[Pair, tuple[Cluster, ...]]

    @property
    def n_questions(self) -> int:
        """How many questions there are, each counted once."""
        return sum(len(one.questions) for many in self.clusters.values() for one in many)


def pool_of(tasks: Iterable[JudgeTask], systems: Sequence[str], *, seed: int) -> Pool:
    """The pool of ``tasks`` about ``systems``, the clusters of each pair in an order of its own.

    Questions that are kept for practice, or cannot be put, are not in it.
    """
    found: dict[Pair, dict[str, dict[Item, list[QuestionId]]]] = {}
    for made in tasks:
        for sample in made.task.samples("test"):
            put = made.puts[sample.id]
            pair = (put.forward[0].system, put.forward[1].system)
            item = Item(put.item.task, put.item.sample_id, *pair, put.shown[0].repeat)
            cluster = fingerprint([put.item.task, put.item.cluster])
            items = found.setdefault(pair, {}).setdefault(cluster, {})
            items.setdefault(item, []).append((made.task.name, sample.id))
    met = {name for pair in found for name in pair}
    return Pool(
        systems=tuple(name for name in systems if name in met),
        clusters={
            pair: tuple(
                Cluster(name=name, items=clusters[name])
                for name in sorted(clusters, key=lambda one: fingerprint([seed, pair, one]))
            )
            for pair, clusters in found.items()
        },
    )


def asking(
    experiment: Experiment, made_of: Iterable[JudgeTask], wanted: Collection[QuestionId]
) -> Experiment:
    """``experiment``, which puts all tasks ``made_of``, with only the questions ``wanted``."""
    asked = [
        narrowed(made, {sample for task, sample in wanted if task == made.task.name})
        for made in made_of
        if any(task == made.task.name for task, _ in wanted)
    ]
    tasks = tuple(PlannedTask(task=made.task, limit=None) for made in asked)
    return replace(experiment, tasks=tasks)


def plan_of_rounds(
    experiment: Experiment,
    tasks: Sequence[JudgeTask],
    judged: Sequence[str],
    binding: JudgeBinding,
) -> Plan:
    """The calls of a judging from scratch: at least the first round, at most every question.

    ``experiment`` puts all ``tasks``, which are about the systems ``judged``. ``most`` is an upper
    limit too, which a plan does not know: it is counted in questions.
    """
    pool = pool_of(tasks, judged, seed=experiment.settings.seed)
    first = plan(asking(experiment, tasks, Rounds(pool, binding, ()).wanted))
    whole = plan(experiment)
    least = {(row.task, row.system, row.role, row.phase): row for row in first.rows}

    def ranged(row: PlannedCalls) -> PlannedCalls:
        known = least.get((row.task, row.system, row.role, row.phase))
        return replace(
            row,
            calls_at_least=known.calls_at_least if known else 0,
            input_tokens_at_least=known.input_tokens_at_least if known else 0,
            usd_at_least=known.usd_at_least if known else row.usd_at_least and 0.0,
        )

    return replace(
        whole,
        rows=tuple(map(ranged, whole.rows)),
        assumed=f"{whole.assumed}; at least the first round is asked, at most all pairs",
    )


class Rounds:
    """What was asked so far, and what is asked next: ``wanted``, empty when all is done."""

    def __init__(self, pool: Pool, binding: JudgeBinding, known: Collection[QuestionId]) -> None:
        """``known`` are the questions on record from earlier sessions; they are all taken over."""
        assert binding.active is not None
        self._pool = pool
        self._active: Active = binding.active
        self._binding = binding
        self._times = len(binding.by) * binding.repeats
        everything = (one for many in pool.clusters.values() for one in many)
        self._asked = set(known) & {one for cluster in everything for one in cluster.questions}
        self._answered: set[QuestionId] = set()
        self._failed: set[QuestionId] = set()
        self._rows: dict[tuple[str, QuestionId], Sequence[Verdict]] = {}
        self._done: dict[Pair, int] = {}
        self._n_rounds = self._n_judged = self._n_without = 0
        self._standing: Standing | None = None
        self.n_failed = 0
        self.wanted = self._first()

    @property
    def rows(self) -> Rows:
        """All verdicts so far, also on questions that the last round did not ask again."""
        return self._rows

    def took(
        self,
        rows: Rows,
        failed: Collection[tuple[str, QuestionId]],
        verdicts: Callable[[Rows], Sequence[Verdict]],
    ) -> Sequence[Verdict]:
        """Take the verdicts of a round, and choose the next.

        Args:
            rows: of the questions that were ``wanted``; fewer where a limit came between.
            failed: who failed to answer what. Such questions are not asked again in the next round;
                when all is done they are tried once more, with everything on record.
            verdicts: makes the table of all verdicts so far: those of ``rows``, and a panel's.

        Returns:
            What ``verdicts`` made.
        """
        whole = self.wanted == self._asked
        self._n_rounds += 1
        self._rows.update(rows)
        self._answered = {question for _, question in self._rows}
        self.n_failed += len(failed)
        questions = {question for _, question in failed}
        self._failed = questions if whole else self._failed | questions
        table = verdicts(self._rows)
        self._look([row for row in table if row.role != "member"])
        chosen = self._next()
        self._asked |= chosen
        if self._asked - self._answered:
            self.wanted = self._asked - self._failed
        else:
            self.wanted = set() if whole else set(self._asked)
        return table

    def words(self) -> str:
        """What the next round is, on one line."""
        new = len(self.wanted - self._answered) * self._times
        if self._standing is None:
            pairs = len(self._pool.clusters)
            about = f"{pairs:,} pairs" if pairs > 1 else "1 pair"
            n = self._pool.n_questions * self._times
            return f"at most {n:,} questions about {about}; the first round asks {new:,}"
        so_far = in_order(self._standing.systems, self._standing.signs)
        asked = len(self._answered) * self._times
        if not new:
            return f"{asked:,} questions: {so_far}; what failed is tried once more"
        return f"{asked:,} questions: {so_far}; the next round asks {new:,}"

    def settling(self) -> Settling:
        """What is settled so far, to be kept."""
        assert self._standing is not None
        standing, settle = self._standing, self._active.settle
        names = standing.systems
        open_pairs = [(names[i], names[j]) for i, j in standing.open_pairs()]
        return Settling(
            settle=settle if isinstance(settle, str) else f"top {settle.top}",
            alpha=self._active.alpha,
            margin=self._active.margin,
            systems=names,
            signs=standing.signs,
            open=tuple(self._open(standing, pair) for pair in open_pairs),
            circle=standing.circle,
            ended=self._ended(standing),
            questions=len(self._answered) * self._times,
            of_questions=self._pool.n_questions * self._times,
            without_verdict=self._n_without,
            rounds=self._n_rounds,
            judged=self._n_judged,
        )

    def _ended(self, standing: Standing) -> Ended:
        if self.wanted - self._answered:
            return "going_on"
        if standing.settled:
            return "settled"
        left = any(self._left(pair) for pair in self._pool.clusters)
        return "most" if left and self._active.most is not None else "used_up"

    # -- choosing -------------------------------------------------------------------------------

    def _first(self) -> set[QuestionId]:
        """Everything on record, and what the first round lacks of it."""
        pairs = first_pairs(self._pool.systems)
        self._asked |= self._limited(dict.fromkeys(pairs, self._active.first), batch=None)
        return set(self._asked)

    def _next(self) -> set[QuestionId]:
        assert self._standing is not None
        left = {pair: self._left(pair) for pair in self._pool.clusters}
        return self._limited(next_clusters(self._standing, left), batch=self._active.batch)

    def _limited(self, clusters: Mapping[Pair, int], batch: int | None) -> set[QuestionId]:
        """The questions of the next ``clusters`` of each pair, while ``batch`` and ``most`` last.

        One cluster of each pair comes after the other, so that a limit cuts all of them short.
        """
        most, chosen = self._active.most, set[QuestionId]()
        queues = [self._following(pair, n) for pair, n in clusters.items()]
        for cluster in filter(None, chain.from_iterable(zip_longest(*queues))):
            wanted = chosen | (set(cluster.questions) - self._asked)
            if most is not None and len(self._asked | wanted) * self._times > most:
                return chosen
            if batch is not None and chosen and len(wanted) * self._times > batch:
                return chosen
            chosen = wanted
        return chosen

    def _following(self, pair: Pair, n: int) -> Sequence[Cluster]:
        pair = self._stated(pair)
        done = self._done.get(pair, 0)
        return self._pool.clusters.get(pair, ())[done : done + n]

    def _left(self, pair: Pair) -> int:
        pair = self._stated(pair)
        return len(self._pool.clusters.get(pair, ())) - self._done.get(pair, 0)

    def _stated(self, pair: Pair) -> Pair:
        """The pair in the order of the experiment."""
        return pair if pair in self._pool.clusters else pair[::-1]

    # -- looking --------------------------------------------------------------------------------

    def _look(self, verdicts: Iterable[Verdict]) -> None:
        """See how the systems stand by the ``verdicts`` that count."""
        import pandas as pd

        on: dict[Item, list[Verdict]] = {}
        for row in verdicts:
            if row.status != "system_error" and row.system_a and row.system_b:
                pair = (row.system_a, row.system_b)
                item = Item(row.task, row.sample_id, *pair, row.answer_repeat)
                on.setdefault(item, []).append(row)
        judged = [row for rows in on.values() for row in rows if row.status == "judged"]
        self._n_judged = len(judged)
        self._n_without = sum(map(len, on.values())) - len(judged)
        battles: list[tuple[str, str, float, str]] = []
        for pair, clusters in self._pool.clusters.items():
            done = list(takewhile(self._complete, clusters))  # not what happened to finish first
            self._done[pair] = len(done)
            for cluster in done:
                for item, questions in cluster.items.items():
                    battles.extend(self._battles(cluster, on.get(item, ()), len(questions)))
        self._standing = standing(
            pd.DataFrame(battles, columns=["a", "b", "outcome", "cluster"]),
            top=self._active.top,
            alpha=self._active.alpha,
            margin=self._active.margin,
            systems=self._pool.systems,
        )

    def _complete(self, cluster: Cluster) -> bool:
        """Whether every question was answered, or failed, as often as it is asked."""
        return all(
            len(self._rows.get((by, question), ())) == self._binding.repeats
            for by in self._binding.by
            for question in cluster.questions
        )

    def _battles(
        self, cluster: Cluster, rows: Sequence[Verdict], n_questions: int
    ) -> Iterator[tuple[str, str, float, str]]:
        """The outcomes of a pair on a sample; none where either order has no verdict."""
        judged = [row for row in rows if row.status == "judged"]
        if len(judged) == n_questions * self._binding.repeats:
            for row in judged:
                outcome = OUTCOMES[str(row.verdict)]
                yield str(row.system_a), str(row.system_b), outcome, cluster.name

    def _open(self, standing: Standing, pair: Pair) -> OpenPair:
        met = standing.meetings[pair]
        return OpenPair(a=met.a, b=met.b, n=met.n, score=met.score, left=self._left(pair))
