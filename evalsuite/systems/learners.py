"""Small classifiers learnt from rows or texts, with scikit-learn: what a language model replaces.

Every learner has fixed seeds and gives a ``Classifier``: label probabilities for one item.
"""

from __future__ import annotations

import math
import re
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

SEED = 0
_MOST_CATEGORIES = 250  # histogram gradient boosting takes at most 255 values of a column
_WORD = re.compile(r"\w+|[^\w\s]")

Row = Mapping[str, Any]
Weights = Sequence[float] | None


class Classifier(Protocol):
    """What was learnt."""

    def probabilities(self, item: Any) -> dict[str, float]:
        """Probability of each label known for ``item``; they sum to 1."""
        ...


@dataclass(frozen=True, kw_only=True)
class Frequencies:
    """The labels' shares of the training samples, whatever the item."""

    shares: Mapping[str, float]

    def probabilities(self, item: Any) -> dict[str, float]:
        """The shares."""
        return dict(self.shares)


@dataclass(frozen=True, kw_only=True)
class Estimated:
    """A fitted scikit-learn estimator and how items become its input."""

    features: Callable[[Sequence[Any]], Any]
    estimator: Any

    def probabilities(self, item: Any) -> dict[str, float]:
        """The estimator's probabilities."""
        values = self.estimator.predict_proba(self.features([item]))[0].tolist()
        return {str(k): v for k, v in zip(self.estimator.classes_, values, strict=True)}


@dataclass(frozen=True, kw_only=True)
class Tables:
    """A classifier for each set of columns, and the label shares for columns never seen."""

    tables: Mapping[frozenset[str], Classifier]
    others: Frequencies

    def probabilities(self, item: Row) -> dict[str, float]:
        """Those of the classifier of the row's own table."""
        return self.tables.get(frozenset(item), self.others).probabilities(item)


def probabilities_of(classifier: Classifier, items: Sequence[Any]) -> list[dict[str, float]]:
    """``classifier.probabilities`` of each of ``items``, in one go where that is quicker."""
    if isinstance(classifier, Estimated) and items:
        names = [str(name) for name in classifier.estimator.classes_]
        rows = classifier.estimator.predict_proba(classifier.features(items)).tolist()
        return [dict(zip(names, row, strict=True)) for row in rows]
    if isinstance(classifier, Tables):
        found: dict[int, dict[str, float]] = {}
        for columns in {frozenset(item) for item in items}:
            chosen = [index for index, item in enumerate(items) if frozenset(item) == columns]
            table = classifier.tables.get(columns, classifier.others)
            known = probabilities_of(table, [items[index] for index in chosen])
            found.update(zip(chosen, known, strict=True))
        return [found[index] for index in range(len(items))]
    return [classifier.probabilities(item) for item in items]


def learn_majority(
    items: Sequence[Any], labels: Sequence[str], *, weights: Weights = None
) -> Frequencies:
    """The most frequent label for everything (of equally frequent ones, the first by name).

    ``weights`` count a sample, here and below, for more or less than one; None: all for one.
    """
    mass: dict[str, float] = {}
    for label, weight in zip(labels, weights or [1.0] * len(labels), strict=True):
        mass[label] = mass.get(label, 0.0) + weight
    ranked = sorted(mass.items(), key=lambda entry: (-entry[1], entry[0]))
    return Frequencies(shares={label: weight / sum(mass.values()) for label, weight in ranked})


def learn_rows_boosted(
    rows: Sequence[Row], labels: Sequence[str], *, weights: Weights = None
) -> Classifier:
    """Histogram gradient boosting; missing values and categories are handled as what they are."""
    return _learn_tables(_learn_boosted, rows, labels, weights)


def learn_rows_linear(
    rows: Sequence[Row], labels: Sequence[str], *, weights: Weights = None
) -> Classifier:
    """Logistic regression over scaled numbers, one-hot words and indicators of what is missing."""
    return _learn_tables(_learn_linear, rows, labels, weights)


def learn_soft(
    learn: Callable[..., Classifier],
    items: Sequence[Any],
    shares: Sequence[Mapping[str, float]],
) -> Classifier:
    """``learn`` from soft labels: each item once for each of its labels, weighted by the share.

    For a logistic regression that is the cross-entropy with the soft labels: Hinton et al., 2015,
    "Distilling the Knowledge in a Neural Network", arXiv:1503.02531, at temperature 1.
    """
    copies = [
        (item, label, share)
        for item, of_item in zip(items, shares, strict=True)
        for label, share in of_item.items()
        if share > 0
    ]
    labels = [label for _, label, _ in copies]
    weights = [share for _, _, share in copies]
    return learn([item for item, _, _ in copies], labels, weights=weights)


def _learn_boosted(rows: Sequence[Row], labels: Sequence[str], weights: Weights) -> Classifier:
    from sklearn.ensemble import HistGradientBoostingClassifier

    columns = Columns.of(rows)
    if not columns:
        return learn_majority(rows, labels, weights=weights)
    estimator = HistGradientBoostingClassifier(
        categorical_features=[False] * len(columns.numbers) + [True] * len(columns.words),
        # The default of 20 cannot split a table of 40 rows at all.
        min_samples_leaf=max(1, min(20, len(rows) // 20)),
        random_state=SEED,
    )
    return _fitted(estimator, columns.matrix, rows, labels, weights)


def _learn_linear(rows: Sequence[Row], labels: Sequence[str], weights: Weights) -> Classifier:
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    columns = Columns.of(rows)
    if not columns:
        return learn_majority(rows, labels, weights=weights)
    estimator = make_pipeline(
        DictVectorizer(sparse=False), StandardScaler(), LogisticRegression(max_iter=5000)
    )
    return _fitted(estimator, columns.indicators, rows, labels, weights)


def learn_texts(
    texts: Sequence[str],
    labels: Sequence[str],
    inverse_regularisation: float = 10.0,
    *,
    weights: Weights = None,
) -> Classifier:
    """Logistic regression over TF-IDF of words, word pairs and character n-grams (2 to 4)."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    estimator = make_pipeline(
        _text_vectors(), LogisticRegression(C=inverse_regularisation, max_iter=5000)
    )
    return _fitted(estimator, list, texts, labels, weights)


def learn_advised(
    pairs: Sequence[tuple[Row | str, str]], labels: Sequence[str], *, weights: Weights = None
) -> Classifier:
    """Logistic regression over an item, a row or a text, and a rationale about it, side by side.

    The words of the rationale are features of their own: "false" in it is not "false" in the text.
    Rows are indicators scaled to at most 1; all tables are one problem.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import FeatureUnion, make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    parts = [("item", _item_vectors([item for item, _ in pairs]))]
    if any(_WORD.search(rationale) for _, rationale in pairs):
        words = make_pipeline(FunctionTransformer(_rationales), _word_vectors())
        parts.append(("rationale", words))
    estimator = make_pipeline(FeatureUnion(parts), LogisticRegression(C=10.0, max_iter=5000))
    return _fitted(estimator, list, pairs, labels, weights)


def _item_vectors(items: Sequence[Row | str]) -> Any:
    """From pairs of an item and a rationale to what is learnt from the items."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler

    if isinstance(items[0], str):
        return make_pipeline(FunctionTransformer(_items), _text_vectors())
    columns = Columns.of([item for item in items if not isinstance(item, str)])

    def indicators(pairs: Sequence[tuple[Row, str]]) -> list[dict[str, float]]:
        return columns.indicators(_items(pairs))

    return make_pipeline(FunctionTransformer(indicators), DictVectorizer(), MaxAbsScaler())


def _items(pairs: Sequence[tuple[Any, str]]) -> list[Any]:
    return [item for item, _ in pairs]


def _rationales(pairs: Sequence[tuple[Any, str]]) -> list[str]:
    return [rationale for _, rationale in pairs]


def _text_vectors() -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
    return make_union(_word_vectors(), characters)


def _word_vectors() -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(ngram_range=(1, 2), token_pattern=_WORD.pattern, sublinear_tf=True)


def _learn_tables(
    learn: Callable[[Sequence[Row], Sequence[str], Weights], Classifier],
    rows: Sequence[Row],
    labels: Sequence[str],
    weights: Weights,
) -> Classifier:
    """Rows with the same columns are one table, and each table is learnt by itself.

    Tables mixed into one problem would cost every one of them the trees or weights of all labels
    of all the others.
    """
    members: dict[frozenset[str], list[int]] = {}
    for index, row in enumerate(rows):
        members.setdefault(frozenset(row), []).append(index)
    return Tables(
        tables={
            columns: learn(
                [rows[i] for i in chosen],
                [labels[i] for i in chosen],
                None if weights is None else [weights[i] for i in chosen],
            )
            for columns, chosen in members.items()
        },
        others=learn_majority(rows, labels, weights=weights),
    )


def _fitted(
    estimator: Any,
    features: Callable[[Sequence[Any]], Any],
    items: Sequence[Any],
    labels: Sequence[str],
    weights: Weights,
) -> Classifier:
    if len(set(labels)) == 1:  # nothing to tell apart, which most estimators refuse to learn
        return learn_majority(items, labels, weights=weights)
    options: dict[str, Any] = {}
    if weights is not None:
        last = estimator.steps[-1][0] + "__" if hasattr(estimator, "steps") else ""
        options[f"{last}sample_weight"] = list(weights)
    with warnings.catch_warnings():
        # Many labels of few samples each look like numbers to scikit-learn; they are names here.
        warnings.filterwarnings("ignore", message="The number of unique classes", module="sklearn")
        estimator.fit(features(items), list(labels), **options)
    return Estimated(features=features, estimator=estimator)


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which columns hold numbers, and the known values of those that hold words.

    Rows need not have the same columns: what a row lacks is missing. A column with any value that
    is no number holds words, and numbers in it are read as words.
    """

    numbers: tuple[str, ...]
    words: Mapping[str, Mapping[str, int]]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Columns:
        """As the training ``rows`` have them; a column without any value tells nothing."""
        names = sorted({name for row in rows for name in row})
        present = {name: [r[name] for r in rows if r.get(name) not in (None, "")] for name in names}
        names = [name for name in names if present[name]]
        numeric = [name for name in names if all(_number(v) is not None for v in present[name])]
        words = {
            name: Counter(str(value) for value in present[name]).most_common(_MOST_CATEGORIES)
            for name in names
            if name not in numeric
        }
        codes = {
            name: {word: code for code, (word, _) in enumerate(counted)}
            for name, counted in words.items()
        }
        return cls(numbers=tuple(numeric), words=codes)

    def __bool__(self) -> bool:
        """Whether there is any column to learn from."""
        return bool(self.numbers or self.words)

    def matrix(self, rows: Sequence[Row]) -> Any:
        """Float array [rows, columns]; NaN where a value is missing or was never seen."""
        import numpy as np

        values = [
            [
                *(_or_nan(_number(row.get(name))) for name in self.numbers),
                *(_or_nan(codes.get(str(row.get(name)))) for name, codes in self.words.items()),
            ]
            for row in rows
        ]
        return np.array(values, dtype=float).reshape(len(rows), -1)

    def indicators(self, rows: Sequence[Row]) -> list[dict[str, float]]:
        """One feature a number, a word, and a missing value, for a linear model."""
        encoded = []
        for row in rows:
            features: dict[str, float] = {}
            for name in self.numbers:
                number = _number(row.get(name))
                features[name if number is not None else f"{name} is missing"] = (
                    1.0 if number is None else number
                )
            for name in self.words:
                features[f"{name}={row.get(name)}"] = 1.0
            encoded.append(features)
        return encoded


def _number(value: Any) -> float | None:
    """``value`` as a number; CSV files hold numbers as texts."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else float(value)
