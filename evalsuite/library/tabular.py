"""Tasks of one row and one question: rows of a csv file, told in words, and classes to choose from.

``tabular_task`` makes a task of a description of the columns, so that a task file holds no code.
What it makes has all serialisations of ``serialisation`` as variants, the probabilities' figures
beside those of labels, and the classical baselines on the same splits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from evalsuite.datasets import Dataset
from evalsuite.library.serialisation import (
    ABLATIONS,
    SERIALISATIONS,
    Cells,
    Value,
    ValuePermutation,
    permuted_names,
    serialise,
)
from evalsuite.records import Answer, Sample, Score, fingerprint
from evalsuite.scoring.choice import score_choice
from evalsuite.scoring.labels import prediction_metrics, probability_metrics
from evalsuite.task import Prompt, Published, Split, Task, Variant

BASELINES = ("majority", "logistic_regression", "gradient_boosting")


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table, as it is told; ``number`` and ``words`` make them.

    name: what the column is called in the prompt.
    numeric: whether its cells are numbers.
    words: cell -> what is said for it; None for cells that speak for themselves.
    missing: cells that mean "not known".
    unknown: how that is told.
    """

    name: str
    numeric: bool
    words: Mapping[str, str] | None = None
    missing: frozenset[str] = frozenset()
    unknown: str = "unknown"

    def value(self, cell: str) -> Value:
        """What a cell of the file says; None for "not known".

        Raises:
            KeyError: For a word that the column does not list.
            ValueError: For a number that is none.
        """
        if cell in self.missing:
            return None
        if self.numeric:
            return float(cell)
        return cell if self.words is None else self.words[cell]


def number(name: str, *, missing: Sequence[str] = (), unknown: str = "unknown") -> Column:
    """A column of numbers."""
    return Column(name=name, numeric=True, missing=frozenset(missing), unknown=unknown)


def words(
    name: str,
    said: Mapping[str, str] | None = None,
    *,
    missing: Sequence[str] = (),
    unknown: str = "unknown",
) -> Column:
    """A column of categories; ``said`` tells how each is put, None that it is put as it is."""
    return Column(name=name, numeric=False, words=said, missing=frozenset(missing), unknown=unknown)


@dataclass(frozen=True, kw_only=True)
class Table:
    """A csv dataset, what its columns mean, and where its splits come from.

    data: a dataset with the file "all", or with the files "train" and "test".
    columns: column of the file -> how it is told, in the order in which they are told; others are
        left out.
    label: column of the file that holds the class.
    classes: cell of that column -> class as a system is to answer it.
    """

    data: Dataset
    columns: Mapping[str, Column]
    label: str
    classes: Mapping[str, str]

    def samples(self, split: Split) -> Iterator[Sample]:
        """Rows in the order of a hash, so that any limit takes a random part of the split.

        Rows that are told alike are one cluster, and in one split. With one file, a hash of what
        is told of a row puts about 20 % into test, 10 % into validation and the rest into train.
        With an official test file, the same hash takes 10 % of the train file for validation;
        train rows that are told like one of the test are left out.
        """
        file = "test" if split == "test" and "test" in self.data.files else self._practice_file
        tested = self._tested() if file == "train" else frozenset()
        rows = list(self.data.rows(file))
        contents = [fingerprint(self.told(row)) for row in rows]
        alike = Counter(contents)
        for content, index in sorted(zip(contents, range(len(rows)), strict=True)):
            if content in tested or self._split(file, content) != split:
                continue
            yield Sample(
                id=f"row-{index}" if file == "all" else f"{file}-{index}",
                inputs={"columns": self.told(rows[index])},
                target=self.classes[rows[index][self.label]],
                cluster=content if alike[content] > 1 else None,
            )

    def told(self, row: Mapping[str, str]) -> dict[str, Value]:
        """The values of a row by the names of the file's columns."""
        return {name: column.value(row[name]) for name, column in self.columns.items()}

    def permutations(self) -> Mapping[str, ValuePermutation]:
        """For each column, which value stands for which in the ablation of values."""
        rows = [self.told(row) for file in self.data.files for row in self.data.rows(file)]
        return {name: ValuePermutation.of(row[name] for row in rows) for name in self.columns}

    @property
    def _practice_file(self) -> str:
        return "all" if "all" in self.data.files else "train"

    def _split(self, file: str, content: str) -> Split:
        if file == "test":
            return "test"
        part = int(content, 16) % 10
        if file == "train":
            return "validation" if part == 2 else "train"
        return "test" if part < 2 else "validation" if part == 2 else "train"

    def _tested(self) -> frozenset[str]:
        return frozenset(fingerprint(self.told(row)) for row in self.data.rows("test"))


def tabular_task(
    name: str,
    table: Table,
    *,
    summary: str,
    question: str,
    reference: str,
    published: tuple[Published, ...] = (),
    version: int = 1,
) -> Task:
    """A task of classifying the rows of ``table``.

    Args:
        name: Of the task.
        table: The data.
        summary: A few words for lists.
        question: What is asked after the row; it names the classes.
        reference: The paper.
        published: Figures of the literature.
        version: Of the task's scoring.

    The prompt is TabLLM's text template. The other serialisations and the ablations are variants,
    by their names in ``serialisation``. ``auc`` is the macro mean of one class against the rest;
    like ``log_loss`` and ``brier`` it is None for systems that give no probabilities.
    """
    choices = tuple(dict.fromkeys(table.classes.values()))

    def score(sample: Sample, answer: Answer) -> Sequence[Score]:
        return [score_choice(answer, sample.target, choices)]

    def target(sample: Sample) -> str:
        return str(sample.target)

    prompts = _prompts(table, question)
    return Task(
        name=name,
        family="tabular",
        summary=summary,
        samples=table.samples,
        prompt=prompts["text"],
        score=score,
        success="choice_match",
        choices=lambda sample: choices,
        corpus={**prediction_metrics(lambda sample: choices), **probability_metrics()},
        learnable="rows",
        max_output_tokens=16,
        shot=target,
        variants={
            form: Variant(prompt=prompt) for form, prompt in prompts.items() if form != "text"
        },
        data=(table.data,),
        baselines=BASELINES,
        published=published,
        source=table.data.source,
        licence=table.data.licence,
        reference=reference,
        version=version,
    )


def _prompts(table: Table, question: str) -> dict[str, Prompt]:
    """Serialisation or ablation -> prompt."""
    names = [column.name for column in table.columns.values()]
    permutations = cache(table.permutations)

    def cells(sample: Sample, names: Sequence[str] = names) -> Cells:
        values = sample.inputs["columns"]
        pairs = zip(names, table.columns.items(), strict=True)
        return [(name, _or_unknown(column, values[key])) for name, (key, column) in pairs]

    def other_names(sample: Sample) -> Cells:
        return cells(sample, permuted_names(names))

    def other_values(sample: Sample) -> Cells:
        values: Mapping[str, Any] = sample.inputs["columns"]
        others = permutations()
        return [
            (column.name, _or_unknown(column, others[key].apply(values[key], sample.id)))
            for key, column in table.columns.items()
        ]

    def prompt(form: str, told: Callable[[Sample], Cells]) -> Prompt:
        gap = " " if form == "text" else "\n\n"
        return lambda sample: f"{serialise(form, told(sample))}{gap}{question}"

    whole: dict[str, Prompt] = {form: prompt(form, cells) for form in SERIALISATIONS}
    values_only, names_permuted, values_permuted = ABLATIONS
    return {
        **whole,
        values_only: prompt(values_only, cells),
        names_permuted: prompt("list", other_names),
        values_permuted: prompt("list", other_values),
    }


def _or_unknown(column: Column, value: Value) -> Value:
    """What is not known in the column's own words, where it has some."""
    return column.unknown if value is None and column.unknown != "unknown" else value
