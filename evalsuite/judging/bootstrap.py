"""Bootstrap of ratings: resampled battles, or resampled clusters of battles; seeded.

All draws start from the fit of the whole data and take chord steps (Newton's, with the inverse
information of the whole data): every step is then a few matrix products for a block of draws.
Draws for which that does not settle, or whose results have no finite maximum, are fitted singly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalsuite.judging.battles import Battles
from evalsuite.judging.cells import Cells
from evalsuite.judging.graph import groups
from evalsuite.judging.likelihood import Fit, NoFiniteEstimate, maximise
from evalsuite.judging.outcomes import OutcomeModel

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BLOCK = 400_000
"""Counts (draws x results x cells) worked on at once: as many as a processor's cache holds."""
CHORD_STEPS = 60
SMALL_STEP = 1e-7
"""Log-odds; a thousandth of a rating point is 6e-6."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Draws:
    """Parameters of bootstrap draws.

    Attributes:
        parameters: (draws with an estimate, P).
        n_ridged: draws that had no finite maximum (a model undefeated, winless or absent) and got
            the ridge.
        n_failed: draws without an estimate, left out.
    """

    parameters: Floats
    n_ridged: int
    n_failed: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Bootstrap:
    """What is resampled, and how each draw is fitted."""

    fit: Fit
    cells: Cells
    model: OutcomeModel
    parts: Integers
    ridge: float

    def run(self, battles: Battles, *, draws: int, seed: int, clustered: bool) -> Draws:
        """Draw and fit ``draws`` times.

        Battles are resampled by multinomial counts of their cells. Clusters, or weighted battles,
        are resampled whole. Efron (1979); Field & Welsh (2007), J. R. Stat. Soc. B 69.
        """
        rng = np.random.default_rng(seed)
        block = max(1, BLOCK // self.cells.counts.size)
        sample = self._sampler(battles, rng, clustered)
        found = [self._block(sample(min(block, draws - k))) for k in range(0, draws, block)]
        return Draws(
            parameters=np.concatenate([item.parameters for item in found]),
            n_ridged=sum(item.n_ridged for item in found),
            n_failed=sum(item.n_failed for item in found),
        )

    def _sampler(
        self, battles: Battles, rng: np.random.Generator, clustered: bool
    ) -> Callable[[int], Floats]:
        """A function from m to the (m, 3, C) counts of the next m draws."""
        shape = self.cells.counts.shape
        if not clustered and battles.weight is None:
            seen = np.flatnonzero(self.cells.counts)
            chances = self.cells.counts.ravel()[seen] / len(battles)

            def by_battle(m: int) -> Floats:
                counts = np.zeros((m, self.cells.counts.size))
                counts[:, seen] = rng.multinomial(len(battles), chances, size=m)
                return counts.reshape(m, *shape)

            return by_battle
        from scipy.sparse import coo_array

        spot = battles.result * shape[1] + self.cells.of
        weight = np.ones(len(battles)) if battles.weight is None else battles.weight
        unit, n_units = np.arange(len(battles)), len(battles)
        if clustered and battles.cluster is not None:
            unit, n_units = battles.cluster, battles.n_clusters
        table = coo_array((weight, (spot, unit)), shape=(self.cells.counts.size, n_units)).tocsr()

        def by_unit(m: int) -> Floats:
            times = np.empty((n_units, m))
            for draw in range(m):
                times[:, draw] = np.bincount(rng.integers(n_units, size=n_units), minlength=n_units)
            return np.ascontiguousarray((table @ times).T).reshape(m, *shape)

        return by_unit

    def _block(self, counts: Floats) -> Draws:
        """Fit each of the (m, 3, C) counts."""
        at, settled = self._chords(counts)
        ridged = np.zeros(len(counts), dtype=bool)
        failed = np.zeros(len(counts), dtype=bool)
        for draw, count in enumerate(counts):
            split = not self.fit.ridge and self._has_no_maximum(count)
            ridged[draw] = split
            if split or not settled[draw]:
                ridge = self.ridge if split else self.fit.ridge
                try:
                    single = maximise(self.cells, count, self.model, parts=self.parts, ridge=ridge)
                    at[draw] = single.parameters
                except NoFiniteEstimate:
                    failed[draw] = True
        return Draws(
            parameters=at[~failed],
            n_ridged=int((ridged & ~failed).sum()),
            n_failed=int(failed.sum()),
        )

    def _has_no_maximum(self, counts: Floats) -> bool:
        found = groups(self.cells.first, self.cells.second, counts, self.cells.n_models)
        return bool(found.max() > self.parts.max())

    def _chords(self, counts: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """(m, P) parameters after chord steps, and (m,) whether the steps became small."""
        cells = self.cells
        at = np.tile(self.fit.parameters, (len(counts), 1))
        incidence = self._incidence()
        penalty = np.zeros(cells.n_parameters)
        penalty[: cells.n_models] = self.fit.ridge
        open_ = np.arange(len(counts))
        settled = np.zeros(len(counts), dtype=bool)
        last = np.full(len(counts), np.inf)
        for _ in range(CHORD_STEPS):
            here, mine = at[open_], counts[open_]
            slopes = self.model.slopes(cells.log_odds(here), cells.tie_parameter(here))
            by_d = np.einsum("moc,omc->mc", mine, slopes.d)
            gradient = by_d @ incidence - penalty * here
            if cells.has_tie_parameter:
                gradient[:, -1] += np.einsum("moc,omc->m", mine, slopes.t)
            step = gradient @ self.fit.inverse
            size = np.abs(step).max(axis=1)
            at[open_] = here + step
            small = size < SMALL_STEP
            settled[open_[small]] = True
            goes_on = ~small & (size < last[open_])  # a step that grows will not settle
            last[open_] = size
            open_ = open_[goes_on]
            if not len(open_):
                break
        return at, settled

    def _incidence(self) -> Floats:
        """(C, P) derivative of each cell's log-odds by the parameters."""
        cells = self.cells
        n_cells = len(cells.first)
        table = np.zeros((n_cells, cells.n_parameters))
        table[np.arange(n_cells), cells.first] = 1
        table[np.arange(n_cells), cells.second] = -1
        effects = slice(cells.n_models, cells.n_models + cells.covariates.shape[1])
        table[:, effects] = cells.covariates
        return table
