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
from evalsuite.judging.graph import groups, hub
from evalsuite.judging.likelihood import Fit, NoFiniteEstimate, maximise
from evalsuite.judging.outcomes import OutcomeModel

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BLOCK = 400_000
"""Counts (draws x results x cells) worked on at once: as many as a processor's cache holds."""
CHORD_STEPS = 60
SMALL_STEP = 1e-6
"""Log-odds, 0.0002 points. Steps shrink about tenfold each, so less than that is left to go."""


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
        """A function from m to the (3, C, m) counts of the next m draws."""
        shape = self.cells.counts.shape
        if not clustered and battles.weight is None:
            seen = np.flatnonzero(self.cells.counts)
            chances = self.cells.counts.ravel()[seen] / len(battles)

            def by_battle(m: int) -> Floats:
                counts = np.zeros((self.cells.counts.size, m))
                counts[seen] = rng.multinomial(len(battles), chances, size=m).T
                return counts.reshape(*shape, m)

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
            return np.asarray(table @ times).reshape(*shape, m)

        return by_unit

    def _block(self, counts: Floats) -> Draws:
        """Fit each of the (3, C, m) counts."""
        at, settled = self._chords(counts)
        split = np.zeros(len(at), dtype=bool)
        if not self.fit.ridge:
            split = self._have_no_maximum(counts)
        failed = np.zeros(len(at), dtype=bool)
        for draw in np.flatnonzero(split | ~settled):
            ridge = self.ridge if split[draw] else self.fit.ridge
            count = np.ascontiguousarray(counts[:, :, draw])
            try:
                at[draw] = maximise(
                    self.cells, count, self.model, parts=self.parts, ridge=ridge
                ).parameters
            except NoFiniteEstimate:
                failed[draw] = True
        return Draws(
            parameters=at[~failed],
            n_ridged=int((split & ~failed).sum()),
            n_failed=int(failed.sum()),
        )

    def _have_no_maximum(self, counts: Floats) -> NDArray[np.bool_]:
        """(m,) whether some model or group of models never lost, or never won, in a draw."""
        cells = self.cells
        unsure = np.ones(counts.shape[2], dtype=bool)
        pairs = None
        if not cells.covariates.shape[1]:
            pairs = hub(cells.first, cells.second, cells.counts, cells.n_models)
        if pairs is not None:
            wins, ties, losses = counts[:, pairs]
            unsure = ((wins + ties == 0) | (losses + ties == 0)).any(axis=0)
        for draw in np.flatnonzero(unsure):
            found = groups(cells.first, cells.second, counts[:, :, draw], cells.n_models)
            unsure[draw] = found.max() > self.parts.max()
        return unsure

    def _chords(self, counts: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """(m, P) parameters after chord steps, and (m,) whether the steps became small."""
        cells = self.cells
        m = counts.shape[2]
        final = np.tile(self.fit.parameters, (m, 1))
        settled = np.zeros(m, dtype=bool)
        directions = cells.directions()
        penalty = np.zeros((cells.n_parameters, 1))
        penalty[: cells.n_models] = self.fit.ridge
        draw, at, last = np.arange(m), final.T.copy(), np.full(m, np.inf)
        for _ in range(CHORD_STEPS):
            t = at[-1:] if cells.has_tie_parameter else np.zeros((1, 1))
            slopes = self.model.slopes(np.asarray(directions @ at), t)
            gradient = directions.T @ np.einsum("ocm,ocm->cm", counts, slopes.d) - penalty * at
            if cells.has_tie_parameter:
                gradient[-1] += np.einsum("ocm,ocm->m", counts, slopes.t)
            step = self.fit.inverse @ gradient
            at += step
            size = np.abs(step).max(axis=0)
            small = size < SMALL_STEP
            final[draw[small]] = at[:, small].T
            settled[draw[small]] = True
            goes_on = ~small & (size < last)  # a step that grows will not settle
            last = size
            if not goes_on.any():
                break
            if not goes_on.all():
                draw, at, last = draw[goes_on], at[:, goes_on], last[goes_on]
                counts = counts[:, :, goes_on]
        return final, settled
