"""Who is right when nobody knows: judges' reliabilities and true labels from verdicts alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from evalsuite.judging.agreement import is_missing

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
Errors = Literal["by_label", "even"]
MOST_STEPS = 1000
SMALL = 1e-9
"""Change of the log-likelihood per verdict at which the fit is done."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Consensus:
    """Fit of Dawid and Skene's model.

    Attributes:
        labels: K labels, in the order of the arrays.
        items: n keys.
        judges: J names.
        posterior: (n, K) probability of each item's true label.
        confusion: (J, K, K) probability that a judge says the column when the row is true.
        prior: (K,) share of each true label.
        log_likelihood: of the verdicts.
        n_steps: of expectation maximisation.
        converged: whether it came to rest.
    """

    labels: tuple[Any, ...]
    items: tuple[Any, ...]
    judges: tuple[str, ...]
    posterior: Floats
    confusion: Floats
    prior: Floats
    log_likelihood: float
    n_steps: int
    converged: bool

    def accuracy(self) -> dict[str, float]:
        """Estimated share of items on which each judge is right."""
        diagonal = np.einsum("jkk,k->j", self.confusion, self.prior)
        return {judge: float(diagonal[index]) for index, judge in enumerate(self.judges)}

    def label(self) -> dict[Any, Any]:
        """The likeliest label of each item; the first of those that tie."""
        best = self.posterior.argmax(axis=1)
        return {item: self.labels[best[row]] for row, item in enumerate(self.items)}


def dawid_skene(
    verdicts: Mapping[Any, Mapping[str, Any]],
    *,
    labels: Sequence[Any] | None = None,
    errors: Errors = "by_label",
    smoothing: float = 0.01,
) -> Consensus:
    """Estimate true labels and judges' confusions from item -> judge -> label.

    Expectation maximisation from the shares of votes: Dawid and Skene (1979), Appl. Stat. 28.
    Judges are taken to err independently given the truth; judges that share a bias are believed
    too much, and nothing in the verdicts can show it. With ``errors`` "even" a judge has one chance
    of being right and errs towards every other label alike: fewer parameters, and right for pairs,
    whose sides have no meaning of their own. ``smoothing`` is added to every cell of a
    confusion, so that no verdict is impossible. Missing verdicts are left out.

    Raises:
        ValueError: no verdicts, one that is not among ``labels``, or a ``smoothing`` of 0.
    """
    if not smoothing > 0:
        raise ValueError(f"smoothing is above 0, not {smoothing}: no verdict is impossible")
    rows = [
        (item, judge, label)
        for item, given in verdicts.items()
        for judge, label in given.items()
        if not is_missing(label)
    ]
    if not rows:
        raise ValueError("there are no verdicts to learn from")
    order = list(labels) if labels is not None else sorted({row[2] for row in rows}, key=str)
    unknown = {str(row[2]) for row in rows} - {str(label) for label in order}
    if unknown:
        raise ValueError(f"verdicts {', '.join(sorted(unknown))} are not among the labels")
    items, judges = sorted({r[0] for r in rows}, key=str), sorted({r[1] for r in rows})
    place = [{value: at for at, value in enumerate(names)} for names in (items, judges, order)]
    item, judge, said = (np.array([place[k][row[k]] for row in rows]) for k in range(3))
    posterior = np.zeros((len(items), len(order)))
    np.add.at(posterior, (item, said), 1.0)
    posterior /= posterior.sum(axis=1, keepdims=True)
    shape = (len(judges), len(order), len(order))
    likelihood, step, settled = -np.inf, 0, False
    while step < MOST_STEPS and not settled:
        step, last = step + 1, likelihood
        counts = np.full(shape, smoothing)
        np.add.at(counts.transpose(0, 2, 1), (judge, said), posterior[item])
        counts = _evened(counts) if errors == "even" else counts
        confusion, prior = counts / counts.sum(axis=2, keepdims=True), posterior.mean(axis=0)
        posterior, likelihood = _expected(confusion, prior, item, judge, said)
        settled = abs(likelihood - last) <= SMALL * len(rows)
    return Consensus(
        labels=tuple(order),
        items=tuple(items),
        judges=tuple(judges),
        posterior=posterior,
        confusion=confusion,
        prior=prior,
        log_likelihood=likelihood,
        n_steps=step,
        converged=settled,
    )


def _expected(
    confusion: Floats, prior: Floats, item: Integers, judge: Integers, said: Integers
) -> tuple[Floats, float]:
    """Posterior (n, K) of each item's label, and the log-likelihood of all verdicts."""
    with np.errstate(divide="ignore"):  # a label that no item has any more
        logs = np.tile(np.log(prior), (int(item.max()) + 1, 1))
    np.add.at(logs, item, np.log(confusion[judge, :, said]))
    top = logs.max(axis=1, keepdims=True)
    posterior = np.exp(logs - top)
    sums = posterior.sum(axis=1, keepdims=True)
    return posterior / sums, float((top + np.log(sums)).sum())


def _evened(counts: Floats) -> Floats:
    """Counts (J, K, K) with all right ones alike and all wrong ones alike, by judge."""
    size = counts.shape[1]
    right = np.einsum("jkk->j", counts)
    wrong = counts.sum(axis=(1, 2)) - right
    even = np.repeat((wrong / max(size - 1, 1))[:, None, None], size, axis=1).repeat(size, axis=2)
    even[:, np.arange(size), np.arange(size)] = right[:, None]
    return np.asarray(even)
