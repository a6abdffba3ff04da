"""Chances of success by the prompt: what a learnt router predicts of each of its members.

Ong et al., 2024, "RouteLLM: Learning to Route LLMs with Preference Data", arXiv:2406.18665, route
by matrix factorisation, similarity to known prompts, or a classifier; Hu et al., 2024,
"RouterBench", arXiv:2403.12031, by nearest neighbours. Here all learn from whether recorded
answers were right, so that there may be any number of members.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from evalsuite.systems.hybrids.success_models import laplace
from evalsuite.systems.learners import SEED, learn_texts

Method = Literal["logistic", "knn", "matrix_factorisation"]
Prompt = str | tuple[float, ...]
"""A text, or its embedding."""
Chances = Callable[[Prompt], list[float]]
"""From a prompt to the chance of success of each member."""
Floats = NDArray[np.float64]

_INVERSE_REGULARISATION = 1.0
_MOST_COMPONENTS = 64
_FACTORS = 8
_PENALTY = 1.0
_ITERATIONS = 300


def learn_chances(
    prompts: Sequence[Prompt],
    successes: Sequence[Sequence[bool]],
    *,
    method: Method,
    neighbours: int,
) -> Chances:
    """Learn from ``successes``, of each prompt those of every member (n, m)."""
    if method == "logistic":
        return _logistic(prompts, successes)
    if method == "knn":
        return _nearest(prompts, successes, neighbours)
    return _factorised(prompts, successes)


def _logistic(prompts: Sequence[Prompt], successes: Sequence[Sequence[bool]]) -> Chances:
    """A logistic regression a member, over TF-IDF or the embedding."""
    models = [_one_logistic(prompts, column) for column in zip(*successes, strict=True)]
    return lambda prompt: [model(prompt) for model in models]


def _one_logistic(
    prompts: Sequence[Prompt], successes: Sequence[bool]
) -> Callable[[Prompt], float]:
    """Where there was only success or only failure, Laplace's rule."""
    if len(set(successes)) < 2:
        constant = laplace(sum(successes), len(successes))
        return lambda prompt: constant
    if isinstance(prompts[0], str):
        labels = ["right" if success else "wrong" for success in successes]
        learnt = learn_texts(prompts, labels, _INVERSE_REGULARISATION)  # type: ignore[arg-type]
        return lambda prompt: learnt.probabilities(prompt)["right"]
    from sklearn.linear_model import LogisticRegression

    # Embeddings have length 1: without a weaker penalty than usual they would count for little.
    model = LogisticRegression(C=10.0, max_iter=5000).fit(np.array(prompts), list(successes))
    right = list(model.classes_).index(True)
    return lambda prompt: float(model.predict_proba(np.array([prompt]))[0][right])


def _nearest(
    prompts: Sequence[Prompt], successes: Sequence[Sequence[bool]], neighbours: int
) -> Chances:
    """Laplace's rule on the nearest prompts by cosine; of equally near ones, the earlier."""
    encode = _encoder(prompts)
    known = np.array([encode(prompt) for prompt in prompts])
    right = np.array(successes, dtype=float)
    k = min(neighbours, len(prompts))

    def chances(prompt: Prompt) -> list[float]:
        near = np.argsort(-(known @ encode(prompt)), kind="stable")[:k]
        return [laplace(int(n), k) for n in right[near].sum(axis=0)]

    return chances


def _factorised(prompts: Sequence[Prompt], successes: Sequence[Sequence[bool]]) -> Chances:
    """P(member m is right on prompt q) = sigmoid(v_m . (W q + b) + c_m), as RouteLLM's score.

    Members and prompts meet in a space of 8 factors, so that what is learnt of one member helps
    with another one. Maximum likelihood with an L2 penalty, from fixed starting values.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    encode = _encoder(prompts)
    known = np.array([encode(prompt) for prompt in prompts])
    right = np.array(successes, dtype=float)
    m, d = right.shape[1], known.shape[1]
    shapes = [(m, _FACTORS), (_FACTORS, d), (_FACTORS,), (m,)]
    sizes = [int(np.prod(shape)) for shape in shapes]

    def parts(flat: Floats) -> list[Floats]:
        pieces = np.split(flat, np.cumsum(sizes)[:-1])
        return [piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True)]

    def loss(flat: Floats) -> tuple[float, Floats]:
        members, weights, shift, bias = parts(flat)
        hidden = known @ weights.T + shift
        logits = hidden @ members.T + bias
        value = np.logaddexp(0, logits).sum() - (right * logits).sum()
        value += _PENALTY / 2 * ((members**2).sum() + (weights**2).sum() + (shift**2).sum())
        error = expit(logits) - right
        into = error @ members
        gradient = [
            error.T @ hidden + _PENALTY * members,
            into.T @ known + _PENALTY * weights,
            into.sum(axis=0) + _PENALTY * shift,
            error.sum(axis=0) + 1e-3 * bias,
        ]
        value += 1e-3 / 2 * (bias**2).sum()
        return float(value), np.concatenate([part.ravel() for part in gradient])

    start = np.random.default_rng(SEED).normal(0, 0.3, sum(sizes))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS})
    members, weights, shift, bias = parts(found.x)

    def chances(prompt: Prompt) -> list[float]:
        hidden = weights @ encode(prompt) + shift
        predicted: list[float] = expit(members @ hidden + bias).tolist()
        return predicted

    return chances


def _encoder(prompts: Sequence[Prompt]) -> Callable[[Prompt], Floats]:
    """What makes a vector of length 1 of a prompt: its embedding, or its TF-IDF in few dimensions.

    TF-IDF is reduced to at most 64 dimensions by singular vectors (latent semantic analysis).
    """
    if not isinstance(prompts[0], str):
        return lambda prompt: _unit(np.asarray(prompt, dtype=float))
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+|[^\w\s]", sublinear_tf=True)
    table: Any = words.fit_transform(prompts)
    n = min(_MOST_COMPONENTS, *(size - 1 for size in table.shape))
    if n < 2:
        return lambda prompt: _unit(np.asarray(words.transform([prompt]).todense()).ravel())
    reduced = TruncatedSVD(n_components=n, random_state=SEED).fit(table)
    return lambda prompt: _unit(reduced.transform(words.transform([prompt]))[0])


def _unit(vector: Floats) -> Floats:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else vector
