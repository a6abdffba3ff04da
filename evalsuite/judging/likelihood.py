"""Maximum likelihood of ratings, covariate effects and a tie parameter, by damped Newton steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalsuite.errors import UserError
from evalsuite.judging.cells import Cells
from evalsuite.judging.outcomes import OutcomeModel

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

STEPS = 100
SMALL_STEP = 1e-9
"""Log-odds. Newton's error is squared at each step: after one this small it is rounding."""


class NoFiniteEstimate(UserError):
    """The likelihood has no maximum: it grows for ever, or is flat."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """A maximum of the likelihood.

    Attributes:
        parameters: (P,) ratings in log-odds (mean 0 in each part), effects, tie parameter.
        inverse: (P, P) generalised inverse of the observed information, ridge included.
        log_likelihood: at the maximum, without the ridge's share.
        ridge: the ratings' penalty was ``ridge / 2 * sum(ratings**2)``.
    """

    parameters: Floats
    inverse: Floats
    log_likelihood: float
    ridge: float


def maximise(
    cells: Cells, counts: Floats, model: OutcomeModel, *, parts: Integers, ridge: float = 0.0
) -> Fit:
    """Fit ``counts`` (3, C) of ``cells``; ``parts`` (K,) are the connected parts of the models.

    The likelihood does not change when a constant is added to all ratings of a part; the fit is
    the one with mean 0 in each. Covariates and ties are never penalised.

    Raises:
        NoFiniteEstimate: a step could not be taken, or there is no end to them.
    """
    models = cells.n_models
    penalty = np.zeros(cells.n_parameters)
    penalty[:models] = ridge
    scale = max(float(counts.sum()) / models, 1.0)
    flat = _flat_directions(cells, parts, scale=scale)
    at = _start(cells, counts, model)
    value = _log_likelihood(cells, counts, model, at) - 0.5 * float(penalty @ at**2)
    for _ in range(STEPS):
        gradient, information = _derivatives(cells, counts, model, at)
        try:
            full = information + flat + np.diag(penalty)
            step = np.linalg.solve(full, gradient - penalty * at)
        except np.linalg.LinAlgError as error:
            raise NoFiniteEstimate(NO_END) from error
        length = 1.0
        while True:
            next_at = at + length * step
            likelihood = _log_likelihood(cells, counts, model, next_at)
            next_value = likelihood - 0.5 * float(penalty @ next_at**2)
            if next_value >= value - 1e-10 * abs(value):
                break
            length /= 2
            if length < 1e-8:
                raise NoFiniteEstimate(NO_END)
        at, value = next_at, next_value
        if length == 1.0 and np.abs(step).max() < SMALL_STEP:
            _, information = _derivatives(cells, counts, model, at)
            try:
                inverse = np.linalg.inv(information + flat + np.diag(penalty))
            except np.linalg.LinAlgError as error:
                raise NoFiniteEstimate(NO_END) from error
            if not ridge:
                inverse = inverse - flat / scale**2
            return Fit(
                parameters=at,
                inverse=np.asarray(inverse, np.float64),
                log_likelihood=likelihood,
                ridge=ridge,
            )
    raise NoFiniteEstimate(NO_END)


NO_END = (
    "no finite estimate exists: some covariate predicts the outcomes perfectly; leave covariates "
    "out, or bring more battles"
)


def check_told_apart(cells: Cells, names: tuple[str, ...], parts: Integers) -> None:
    """Refuse covariates whose effects no amount of such battles can tell from the ratings.

    Raises:
        NoFiniteEstimate: names the covariates concerned.
    """
    if not names:
        return
    n = cells.counts.sum(axis=0)
    size = cells.n_models + len(names)
    design = cells.matrix(n, np.zeros_like(n), n)[:size, :size]
    design += _flat_directions(cells, parts, scale=float(n.sum()) / cells.n_models)[:size, :size]
    diagonal = np.diag(design)
    zero = [name for name, d in zip(names, diagonal[cells.n_models :], strict=True) if d <= 0]
    if zero:
        raise NoFiniteEstimate(f"covariate {zero[0]!r} is 0 in every battle; leave it out")
    values, vectors = np.linalg.eigh(design / np.sqrt(np.outer(diagonal, diagonal)))
    if values[0] < 1e-10:
        effects = np.abs(vectors[cells.n_models :, 0])
        guilty = [repr(name) for name, e in zip(names, effects, strict=True) if e > 1e-6]
        raise NoFiniteEstimate(
            f"covariates {', '.join(guilty)} cannot be told apart from the ratings or from each "
            "other in these battles; leave one out"
        )


def _start(cells: Cells, counts: Floats, model: OutcomeModel) -> Floats:
    at = np.zeros(cells.n_parameters)
    if model.first_t is not None:
        share = float(counts[1].sum() / counts.sum())
        if not 0 < share < 1:
            raise NoFiniteEstimate(
                f"{'every' if share else 'no'} battle is a tie, so a tie parameter cannot be "
                "estimated; use ties='half'"
            )
        at[-1] = model.first_t(share)
    return at


def _log_likelihood(cells: Cells, counts: Floats, model: OutcomeModel, at: Floats) -> float:
    logs = model.log_likelihoods(cells.log_odds(at), cells.tie_parameter(at))
    return float(np.einsum("oc,oc->", counts, logs))


def _derivatives(
    cells: Cells, counts: Floats, model: OutcomeModel, at: Floats
) -> tuple[Floats, Floats]:
    d, t = cells.log_odds(at), cells.tie_parameter(at)
    slopes, curvatures = model.slopes(d, t), model.curvatures(d, t)
    gradient = cells.gradient(*(np.einsum("oc,oc->c", counts, one) for one in slopes))
    return gradient, cells.matrix(*(np.einsum("oc,oc->c", counts, one) for one in curvatures))


def _flat_directions(cells: Cells, parts: Integers, *, scale: float) -> Floats:
    """(P, P) ``scale`` times the projector on "all ratings of a part move together"."""
    flat = np.zeros((cells.n_parameters, cells.n_parameters))
    same = parts[:, None] == parts[None, :]
    flat[: cells.n_models, : cells.n_models] = scale * same / same.sum(axis=1)
    return flat
