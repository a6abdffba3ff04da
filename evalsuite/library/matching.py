"""Column matching, asked in two ways of the same pairs of tables, with the same figures.

``ranking_task`` asks for each column of the first table which columns of the second hold the same;
``pairs_task`` asks of each pair of columns whether they do, which a classical model can learn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from evalsuite.datasets import Dataset
from evalsuite.library.similarity import column_similarity
from evalsuite.records import Answer, Sample, Score, fingerprint
from evalsuite.scoring.choice import read_choice, score_choice
from evalsuite.scoring.labels import prediction_metrics, probability_metrics
from evalsuite.scoring.schema_matching import (
    Matches,
    Pair,
    best_of,
    mean_recall_at_ground_truth,
    mean_reciprocal_rank,
    precision_recall_f1,
    read_ranking,
    reciprocal_rank,
)
from evalsuite.task import CorpusMetric, Graded, Split, Task, Variant

NONE = "none of them"
YES_NO = ("No", "Yes")
_SHOWN = 3  # values of a column in a prompt
_LONGEST = 60  # characters of a value in a prompt; the rest is marked as left out


@dataclass(frozen=True, kw_only=True)
class TablePair:
    """Two tables and the pairs of their columns that hold the same.

    left, right: column -> some of its values. mapping: the true pairs. unclear: columns of the
    left table of which the truth is not known.
    """

    name: str
    left: Mapping[str, Sequence[str]]
    right: Mapping[str, Sequence[str]]
    mapping: frozenset[Pair]
    unclear: frozenset[str]

    @property
    def split(self) -> Split:
        """By a hash of the name: about a third is for training."""
        return "train" if int(fingerprint(self.name), 16) % 3 == 0 else "test"


def table_pairs(data: Dataset) -> Iterator[TablePair]:
    """The table pairs of a dataset of SMUTF's form.

    Columns without a name are left out: nobody can name them. A true pair that names a column which
    its table does not have makes the column of the left table ``unclear``.
    """
    for row in data.rows("all"):
        left = _columns(row["columns_1"], row["rows_1"])
        right = _columns(row["columns_2"], row["rows_2"])
        mapping = {(source, target) for source, target in row["mapping"]}
        known = frozenset(pair for pair in mapping if pair[0] in left and pair[1] in right)
        yield TablePair(
            name=row["pair"],
            left=left,
            right=right,
            mapping=known,
            unclear=frozenset(source for source, _ in mapping - known),
        )


def _columns(names: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    return {name: [row[index] for row in rows] for index, name in enumerate(names) if name.strip()}


def ranking_task(name: str, data: Dataset, *, summary: str, reference: str) -> Task:
    """One question for each column of the first table: which columns of the second hold the same?

    A system that scores choices gives each its probability, which ranks them; another one names the
    columns, the likeliest first, or says that there is none. Success is the right column in the
    first place, or the right "none".
    """

    def samples(split: Split) -> Iterator[Sample]:
        for pair in table_pairs(data):
            if pair.split != split:
                continue
            for index, source in enumerate(pair.left):
                if source not in pair.unclear:
                    yield _ranking_sample(pair, index, source)

    def score(sample: Sample, answer: Answer) -> Sequence[Score]:
        return score_ranking(sample, answer)

    return Task(
        name=name,
        family="schema_matching",
        summary=summary,
        samples=samples,
        prompt=lambda sample: _ranking_prompt(sample, values=True),
        score=score,
        success="best_column",
        choices=_candidates,
        corpus=_table_metrics(_ranked_matches),
        max_output_tokens=128,
        shot=lambda sample: "\n".join(sample.target) or NONE,
        variants={"names_only": Variant(prompt=lambda s: _ranking_prompt(s, values=False))},
        data=(data,),
        source=data.source,
        licence=data.licence,
        reference=reference,
    )


def pairs_task(name: str, data: Dataset, *, summary: str, reference: str) -> Task:
    """One question for each pair of columns: do they hold the same? Yes or no.

    ``inputs["columns"]`` are the similarities of the two, from which classical models learn. Pairs
    are ranked by the probability of yes; without probabilities there is no ranking.
    """

    def samples(split: Split) -> Iterator[Sample]:
        for pair in table_pairs(data):
            if pair.split != split:
                continue
            numbered = product(enumerate(pair.left), enumerate(pair.right))
            for (row, source), (column, target) in numbered:
                if source not in pair.unclear:
                    yield _pair_sample(pair, f"{pair.name}-{row}-{column}", source, target)

    def score(sample: Sample, answer: Answer) -> Sequence[Score]:
        return [score_choice(answer, sample.target, YES_NO)]

    return Task(
        name=name,
        family="schema_matching",
        summary=summary,
        samples=samples,
        prompt=lambda sample: _pair_prompt(sample, values=True),
        score=score,
        success="choice_match",
        choices=lambda sample: YES_NO,
        corpus={
            **prediction_metrics(lambda sample: YES_NO),
            **probability_metrics(),
            **_table_metrics(_judged_matches),
        },
        learnable="rows",
        max_output_tokens=16,
        shot=lambda sample: str(sample.target),
        variants={"names_only": Variant(prompt=lambda sample: _pair_prompt(sample, values=False))},
        data=(data,),
        baselines=("majority", "logistic_regression", "gradient_boosting"),
        source=data.source,
        licence=data.licence,
        reference=reference,
    )


def score_ranking(sample: Sample, answer: Answer) -> list[Score]:
    """``best_column``, and for a column with a counterpart ``reciprocal_rank``.

    ``best_column`` is a ``format_error`` with 0.0 where the answer names none of the candidates and
    does not say that there is none.
    """
    scores = read_ranking(answer, list(sample.inputs["candidates"]), NONE)
    best = None if scores is None else best_of(scores)
    wanted = sample.target or [NONE]
    first = (
        Score(name="best_column", value=float(best in wanted), explanation=best)
        if best is not None
        else Score(
            name="best_column", value=0.0, status="format_error", explanation="names no candidate"
        )
    )
    if not sample.target:
        return [first]
    rank = reciprocal_rank(_without_none(scores or {}), sample.target)
    return [first, Score(name="reciprocal_rank", value=rank)]


def _ranking_sample(pair: TablePair, index: int, source: str) -> Sample:
    return Sample(
        id=f"{pair.name}-{index}",
        inputs={
            "column": source,
            "values": list(pair.left[source]),
            "candidates": {name: list(values) for name, values in pair.right.items()},
        },
        target=[target for target in pair.right if (source, target) in pair.mapping],
        metadata={"pair": pair.name},
        cluster=pair.name,
    )


def _pair_sample(pair: TablePair, number: str, source: str, target: str) -> Sample:
    left, right = list(pair.left[source]), list(pair.right[target])
    return Sample(
        id=number,
        inputs={
            "left": {"name": source, "values": left},
            "right": {"name": target, "values": right},
            "columns": column_similarity(source, left, target, right),
        },
        target="Yes" if (source, target) in pair.mapping else "No",
        metadata={"pair": pair.name},
        cluster=pair.name,
    )


def _candidates(sample: Sample) -> Sequence[str]:
    return (*sample.inputs["candidates"], NONE)


def _ranking_prompt(sample: Sample, *, values: bool) -> str:
    inputs = sample.inputs
    columns = [
        f"- {_described(name, shown if values else ())}"
        for name, shown in inputs["candidates"].items()
    ]
    asked = _described(inputs["column"], inputs["values"] if values else ())
    return (
        f"Column of table A: {asked}\n\nColumns of table B:\n"
        + "\n".join(columns)
        + "\n\nWhich columns of table B hold the same kind of information as this column of table "
        "A? Write their names alone, one on each line, the likeliest first, or "
        f'"{NONE}".'
    )


def _pair_prompt(sample: Sample, *, values: bool) -> str:
    told = [
        f"Column of table {table}: {_described(side['name'], side['values'] if values else ())}"
        for table, side in (("A", sample.inputs["left"]), ("B", sample.inputs["right"]))
    ]
    return "\n".join([*told, "", "Do both columns hold the same kind of information? Yes or no?"])


def _described(name: str, values: Sequence[str]) -> str:
    """A column's name, and its first distinct values that are not empty."""
    distinct = [" ".join(value.split()) for value in dict.fromkeys(values) if value.strip()]
    shown = [v if len(v) <= _LONGEST else f"{v[:_LONGEST]}..." for v in distinct[:_SHOWN]]
    return f"{name} ({'; '.join(shown)})" if shown else name


# --- figures over table pairs -------------------------------------------------------------------


def _table_metrics(matches: Callable[[Sequence[Graded]], Matches]) -> dict[str, CorpusMetric]:
    """The figures of column matching; an unreadable answer ranks and matches nothing.

    Truth is over the columns that were answered: a ``limit`` and failures make tables smaller.
    """

    def metric(figure: Callable[[list[Matches]], float | None]) -> CorpusMetric:
        def over(graded: Sequence[Graded]) -> float | None:
            tables: dict[str, list[Graded]] = {}
            for one in graded:
                tables.setdefault(one.sample.metadata["pair"], []).append(one)
            return figure([matches(table) for table in tables.values()])

        return over

    return {
        "mrr": metric(mean_reciprocal_rank),
        "recall_at_ground_truth": metric(mean_recall_at_ground_truth),
        "one_to_one_precision": metric(lambda tables: precision_recall_f1(tables)[0]),
        "one_to_one_recall": metric(lambda tables: precision_recall_f1(tables)[1]),
        "one_to_one_f1": metric(lambda tables: precision_recall_f1(tables)[2]),
    }


def _ranked_matches(graded: Sequence[Graded]) -> Matches:
    """Of rankings, one for each column; the first candidate of each is chosen."""
    scores: dict[Pair, float] = {}
    chosen: list[Pair] = []
    answered = [(one, one.answer) for one in graded if one.answer is not None]
    for one, answer in answered:
        candidates = list(one.sample.inputs["candidates"])
        ranked = read_ranking(answer, candidates, NONE)
        if ranked is None:
            continue
        source = one.sample.inputs["column"]
        best = best_of(ranked)
        if best != NONE:
            chosen.append((source, best))
        for target, value in _without_none(ranked).items():
            scores[(source, target)] = value
    truth = {
        (one.sample.inputs["column"], name) for one, _ in answered for name in one.sample.target
    }
    return Matches(scores=scores, chosen=chosen, truth=truth)


def _judged_matches(graded: Sequence[Graded]) -> Matches:
    """Of yes and no for each pair; without probabilities nothing is ranked."""
    scores: dict[Pair, float] | None = {}
    chosen: list[Pair] = []
    for one in graded:
        if one.answer is None:
            continue
        if read_choice(one.answer, YES_NO) == "Yes":
            chosen.append(_names(one.sample))
        if scores is not None and one.answer.probabilities is not None:
            scores[_names(one.sample)] = one.answer.probabilities["Yes"]
        else:
            scores = None
    truth = {
        _names(one.sample)
        for one in graded
        if one.sample.target == "Yes" and one.answer is not None
    }
    return Matches(scores=scores, chosen=chosen, truth=truth)


def _names(sample: Sample) -> Pair:
    inputs: dict[str, Any] = sample.inputs
    return inputs["left"]["name"], inputs["right"]["name"]


def _without_none(scores: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in scores.items() if name != NONE}
