"""Router: pick one member by the request alone, before anything is generated.

Each member's chance of success is learnt from how it did on the validation split (RouteLLM, Ong et
al., 2024, arXiv:2406.18665; Hybrid LLM, Ding et al., 2024, arXiv:2404.14618), and the member with
the best chance net of its cost is asked: chance - price_weight x usd (the willingness to pay of
RouterBench, Hu et al., 2024, arXiv:2403.12031).

The reason of a hop gives the chances, "P(success) member_1 0.41, member_2 0.93", or the draw of
a random router, "random 0.312"; after a failure it is "member_1 failed (timeout)".
"""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, model_validator

from evalsuite.errors import CallFailed, ConfigError, ExtraMissing
from evalsuite.records import Answer, Request, fingerprint
from evalsuite.systems.base import Ask, Fitted, HybridSpec, Outcome, Practice
from evalsuite.task import Split

_FOLDS = 5
_MOST_WEIGHTS = 200
_INVERSE_REGULARISATION = 1.0


class RouterSpec(HybridSpec):
    """Members to choose from.

    members: names of systems, cheapest first: of equally good ones the first is asked, and their
        order stands in for their cost where that is not known.
    policy: "learnt", or "random", the baseline that any router must beat.
    shares: of the requests for each member, for "random"; equal by default.
    value_usd: what one success is worth; a member is worth asking for a chance p if its cost is
        below p x value_usd. Instead of it, the weight of cost is picked on validation by one of:
    tolerance: cheapest whose success rate is at most this far (0.01: one point) below that of the
        best single member.
    max_cost_share: most successful that costs at most this share of the dearest member.

    A member that fails is replaced by the next best.
    """

    hybrid: Literal["router"] = "router"
    members: tuple[str, ...] = Field(min_length=2)
    policy: Literal["learnt", "random"] = "learnt"
    shares: tuple[float, ...] | None = None
    value_usd: float | None = Field(None, gt=0)
    tolerance: float = Field(0.0, ge=0, le=1)
    max_cost_share: float | None = Field(None, gt=0, le=1)

    @model_validator(mode="after")
    def _consistent(self) -> RouterSpec:
        if self.shares is not None:
            if self.policy != "random":
                raise ValueError("`shares` goes with `policy: random`")
            if len(self.shares) != len(self.members) or min(self.shares) < 0:
                raise ValueError("`shares` needs one value of at least 0 for each member")
            if not math.isclose(sum(self.shares), 1.0, abs_tol=1e-6):
                raise ValueError("`shares` must sum to 1")
        if self.value_usd is not None and self.max_cost_share is not None:
            raise ValueError("give `value_usd` or `max_cost_share`, not both")
        return self

    def roles(self) -> Mapping[str, str]:
        """The roles "member_1", "member_2" and so on."""
        return {f"member_{i}": name for i, name in enumerate(self.members, start=1)}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """The answer of the chosen member, or of the next best where it fails."""
        roles = list(self.roles())
        order, reason = (
            self._random(request) if self.policy == "random" else _route(request, fitted)
        )
        for index in order[:-1]:
            try:
                return await ask(roles[index], request, reason=reason)
            except CallFailed as failure:
                reason = f"{roles[index]} failed ({failure.kind})"
        return await ask(roles[order[-1]], request, reason=reason)

    def hops(self) -> Mapping[str, tuple[int, int | None]]:
        """Any member at most once: one as a rule, more where members fail."""
        return dict.fromkeys(self.roles(), (0, 1))

    def practises(self) -> Mapping[str, Split]:
        """Every member, where the routes are to be learnt."""
        return {} if self.policy == "random" else dict.fromkeys(self.roles(), "validation")

    async def fit(self, practice: Practice) -> Fitted | None:
        """Learn the members' chances and pick the weight of cost, on the validation split.

        The weight is picked on out-of-fold predictions: a chance is never predicted from the
        sample's own outcome.
        """
        if self.policy == "random":
            return None
        answered = await asyncio.gather(
            *(practice.outcomes(role, "validation") for role in self.roles())
        )
        if not answered[0]:
            raise ConfigError(
                f"{practice.task.name} has no validation samples to learn routes from"
            )
        began = time.perf_counter()
        routing, note = await asyncio.to_thread(self._learn, answered, practice.task.name)
        evidence = [[[o.request.key, o.success] for o in outcomes] for outcomes in answered]
        return Fitted(
            state=routing,
            identity=[
                f"{routing.price_weight:.6g}",
                [f"{c:.3g}" for c in routing.costs],
                fingerprint(evidence),
            ],
            split="validation",
            n_samples=len(answered[0]),
            note=note,
            machine_seconds=time.perf_counter() - began,
        )

    def _learn(self, answered: Sequence[Sequence[Outcome]], task: str) -> tuple[_Routing, str]:
        texts = [_text(outcome.request) for outcome in answered[0]]
        successes = [[o.success is True for o in outcomes] for outcomes in answered]
        costs, known = _costs(answered)
        if not known and (self.value_usd is not None or self.max_cost_share is not None):
            raise ConfigError(
                f"router on {task}: a member's cost is unknown; give its price or use `tolerance:`"
            )
        chances = list(zip(*(_out_of_fold(texts, s) for s in successes), strict=True))
        weight = self._price_weight(chances, list(zip(*successes, strict=True)), costs)
        routing = _Routing(
            models=tuple(_success_model(texts, s) for s in successes),
            costs=costs,
            price_weight=weight,
        )
        chosen = [best_first(p, costs, weight)[0] for p in chances]
        n = len(texts)
        right = sum(row[i] for row, i in zip(zip(*successes, strict=True), chosen, strict=True)) / n
        shares = ", ".join(
            f"{role} {chosen.count(index) / n:.0%}" for index, role in enumerate(self.roles())
        )
        basis = "" if known else "; costs unknown, the members' order stands in"
        return routing, f"{shares}; {right:.1%} right on {n} validation samples{basis}"

    def _price_weight(
        self,
        chances: Sequence[Sequence[float]],
        successes: Sequence[Sequence[bool]],
        costs: Sequence[float],
    ) -> float:
        """The weight of cost (successes per dollar) that the configuration asks for."""
        if self.value_usd is not None:
            return 1 / self.value_usd
        n = len(chances)
        outcomes = []
        for weight in _candidate_weights(chances, costs):
            chosen = [best_first(p, costs, weight)[0] for p in chances]
            right = sum(row[i] for row, i in zip(successes, chosen, strict=True)) / n
            outcomes.append((weight, right, sum(costs[i] for i in chosen) / n))
        if self.max_cost_share is not None:
            most = self.max_cost_share * max(costs)
            affordable = [o for o in outcomes if o[2] <= most] or [
                min(outcomes, key=lambda o: o[2])
            ]
            return max(affordable, key=lambda o: (o[1], -o[2]))[0]
        floor = max(sum(column) / n for column in zip(*successes, strict=True)) - self.tolerance
        enough = [o for o in outcomes if o[1] >= floor]
        best = min(enough, key=lambda o: o[2]) if enough else max(outcomes, key=lambda o: o[1])
        return best[0]

    def _random(self, request: Request) -> tuple[list[int], str]:
        """A draw that depends on the request alone, so that a resumed run draws the same."""
        shares = self.shares or (1 / len(self.members),) * len(self.members)
        draw = int(fingerprint(["random router", request.key]), 16) / 16**16
        edge, chosen = 0.0, len(shares) - 1
        for index, share in enumerate(shares):
            edge += share
            if draw < edge:
                chosen = index
                break
        others = [index for index in range(len(shares)) if index != chosen]
        return [chosen, *others], f"random {draw:.3f}"


@dataclass(frozen=True, kw_only=True)
class _Routing:
    """What was learnt: a chance of success per member, mean costs, and the weight of cost."""

    models: tuple[Callable[[str], float], ...]
    costs: tuple[float, ...]
    price_weight: float


def best_first(chances: Sequence[float], costs: Sequence[float], weight: float) -> list[int]:
    """Members by chance minus weighted cost, best first; the earlier one of equals."""
    net = [chance - weight * cost for chance, cost in zip(chances, costs, strict=True)]
    return sorted(range(len(net)), key=lambda index: (-net[index], index))


def _route(request: Request, fitted: Fitted | None) -> tuple[list[int], str]:
    if fitted is None:
        raise ConfigError("a learnt router must be fitted before it answers")
    routing: _Routing = fitted.state
    text = _text(request)
    chances = [model(text) for model in routing.models]
    said = ", ".join(f"member_{i} {chance:.2f}" for i, chance in enumerate(chances, start=1))
    return best_first(chances, routing.costs, routing.price_weight), f"P(success) {said}"


def _text(request: Request) -> str:
    return "\n\n".join(message.content for message in request.messages)


def _costs(answered: Sequence[Sequence[Outcome]]) -> tuple[tuple[float, ...], bool]:
    """Mean known dollars per answer of each member, or their order where one has none known."""
    known = [[o.usd for o in outcomes if o.usd is not None] for outcomes in answered]
    if not all(known):
        return tuple(float(index) for index in range(len(answered))), False
    return tuple(sum(values) / len(values) for values in known), True


def _success_model(texts: Sequence[str], successes: Sequence[bool]) -> Callable[[str], float]:
    """Chance of success by text; where there was only success or only failure, Laplace's rule."""
    try:
        from evalsuite.systems.learners import learn_texts

        if len(set(successes)) < 2:
            constant = (sum(successes) + 1) / (len(successes) + 2)
            return lambda text: constant
        labels = ["right" if success else "wrong" for success in successes]
        model = learn_texts(texts, labels, _INVERSE_REGULARISATION)
    except ImportError:
        raise ExtraMissing("scikit-learn", "classical", "a learnt router") from None
    return lambda text: model.probabilities(text)["right"]


def _out_of_fold(texts: Sequence[str], successes: Sequence[bool]) -> list[float]:
    """Chance of success of every text by a model that has not seen it."""
    folds = min(_FOLDS, len(texts))
    chances = [0.5] * len(texts)
    for fold in range(folds if folds > 1 else 0):
        rest = [index for index in range(len(texts)) if index % folds != fold]
        model = _success_model([texts[i] for i in rest], [successes[i] for i in rest])
        for index in range(fold, len(texts), folds):
            chances[index] = model(texts[index])
    return chances


def _candidate_weights(chances: Sequence[Sequence[float]], costs: Sequence[float]) -> list[float]:
    """Weights between which no choice changes: from 0 to where only cost counts, thinned."""
    edges = sorted(
        {
            (row[j] - row[i]) / (costs[j] - costs[i])
            for row in chances
            for i in range(len(costs))
            for j in range(len(costs))
            if costs[j] > costs[i] and row[j] > row[i]
        }
    )
    if not edges:
        return [0.0]
    inner = [(low + high) / 2 for low, high in itertools.pairwise(edges)]
    step = max(1, len(inner) // _MOST_WEIGHTS)
    return [0.0, *inner[::step], edges[-1] * 2]
