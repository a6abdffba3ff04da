"""Router: pick one member by the request alone, before anything is generated.

Each member's chance of success is learnt from how it did on the validation split (RouteLLM, Ong et
al., 2024, arXiv:2406.18665; Hybrid LLM, Ding et al., 2024, arXiv:2404.14618), and the member with
the best chance net of its cost is asked: chance - price_weight x usd (the willingness to pay of
RouterBench, Hu et al., 2024, arXiv:2403.12031).

The reason of a hop gives the chances, "P(success) member_1 0.41, member_2 0.93", the rule, "rule 2:
max_chars 80", or the draw of a random router, "random 0.312"; after a failure it is "member_1
failed (timeout)". A member that never answered in practice is "unseen", and asked last.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from evalsuite.errors import CallFailed, ConfigError, ExtraMissing
from evalsuite.records import Answer, Request, fingerprint
from evalsuite.systems.base import Ask, Fitted, HybridSpec, Outcome, Practice
from evalsuite.systems.hybrids.router_rules import Rule, check_rules, first_rule
from evalsuite.systems.hybrids.success_models import out_of_fold
from evalsuite.systems.retrieval import embed
from evalsuite.task import Split

if TYPE_CHECKING:
    from evalsuite.systems.hybrids.router_models import Chances, Method, Prompt

_MOST_WEIGHTS = 200
_UNSEEN = -math.inf


class RouterSpec(HybridSpec):
    """Members to choose from.

    members: names of systems, cheapest first: of equally good ones the first is asked, and their
        order stands in for their cost where that is not known.
    policy: "learnt"; "rules"; or "random", the baseline that any router must beat.
    method: how chances are learnt: "logistic" regression, "knn" or "matrix_factorisation".
    encoder: local folder or hub id of a sentence-transformers model: chances are learnt from
        embeddings, which are a hop of their own. None: from words (TF-IDF).
    neighbours: how many of the nearest prompts "knn" counts.
    rules: for "rules", the first that holds says who is asked; the last must be without
        conditions.
    shares: of the requests for each member, for "random"; equal by default.
    value_usd: what one success is worth; a member is worth asking for a chance p if its cost is
        below p x value_usd. Instead of it, the weight of cost is picked on validation by one of:
    tolerance: cheapest whose success rate is at most this far (0.01: one point) below that of the
        best single member.
    max_cost_share: most successful that costs at most this share of the dearest member.

    A member that fails is replaced by the next best: by chance, or in the order of ``members``.
    """

    hybrid: Literal["router"] = "router"
    members: tuple[str, ...] = Field(min_length=2)
    policy: Literal["learnt", "rules", "random"] = "learnt"
    method: Literal["logistic", "knn", "matrix_factorisation"] = "logistic"
    encoder: str | None = None
    neighbours: int = Field(20, ge=1)
    rules: tuple[Rule, ...] = ()
    shares: tuple[float, ...] | None = None
    value_usd: float | None = Field(None, gt=0, allow_inf_nan=False)
    tolerance: float = Field(0.0, ge=0, le=1)
    max_cost_share: float | None = Field(None, gt=0, le=1)

    @model_validator(mode="after")
    def _consistent(self) -> RouterSpec:
        if self.shares is not None:
            if self.policy != "random":
                raise ValueError("`shares` goes with `policy: random`")
            if len(self.shares) != len(self.members) or not all(s >= 0 for s in self.shares):
                raise ValueError("`shares` needs one value of at least 0 for each member")
            if not math.isclose(sum(self.shares), 1.0, abs_tol=1e-6):
                raise ValueError("`shares` must sum to 1")
        if self.value_usd is not None and self.max_cost_share is not None:
            raise ValueError("give `value_usd` or `max_cost_share`, not both")
        if bool(self.rules) != (self.policy == "rules"):
            raise ValueError("`rules` and `policy: rules` go together")
        if self.rules:
            check_rules(self.rules, self.members)
        if self.policy != "learnt":
            fields = type(self).model_fields
            for name in ("method", "encoder", "neighbours"):
                if getattr(self, name) != fields[name].default:
                    raise ValueError(f"`{name}` goes with `policy: learnt`")
        return self

    def roles(self) -> Mapping[str, str]:
        """The roles "member_1", "member_2" and so on."""
        return {f"member_{i}": name for i, name in enumerate(self.members, start=1)}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """The answer of the chosen member, or of the next best where it fails."""
        roles = list(self.roles())
        order, reason = await self._order(request, ask, fitted)
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
        return dict.fromkeys(self.roles(), "validation") if self.policy == "learnt" else {}

    async def fit(self, practice: Practice) -> Fitted | None:
        """Learn the members' chances and pick the weight of cost, on the validation split.

        The weight is picked on out-of-fold predictions: a chance is never predicted from the
        sample's own outcome.
        """
        if self.policy != "learnt":
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
        prompts: Sequence[Prompt] = texts if self.encoder is None else self._embedded(texts)
        costs, known = _costs(answered)
        if not known and (self.value_usd is not None or self.max_cost_share is not None):
            raise ConfigError(
                f"router on {task}: a member's cost is unknown; give its price or use `tolerance:`"
            )
        successes = [
            [o.success is True for o in of_sample] for of_sample in zip(*answered, strict=True)
        ]
        unseen = [all(o.answer is None for o in outcomes) for outcomes in answered]
        if all(unseen):
            raise ConfigError(
                f"router on {task}: no member gave a single answer in practice; run it again"
            )
        learn = functools.partial(_learnt, self.method, self.neighbours)
        model = learn(prompts, successes)
        chances = [_without(unseen, row) for row in out_of_fold(prompts, successes, learn)]
        weight = self._price_weight(chances, successes, costs)
        routing = _Routing(model=model, unseen=tuple(unseen), costs=costs, price_weight=weight)
        chosen = [best_first(row, costs, weight)[0] for row in chances]
        n = len(texts)
        right = sum(row[i] for row, i in zip(successes, chosen, strict=True)) / n
        shares = ", ".join(
            f"{role} {chosen.count(index) / n:.0%}" for index, role in enumerate(self.roles())
        )
        note = f"{shares}; {right:.1%} right on {n} validation samples"
        silent = [role for role, never in zip(self.roles(), unseen, strict=True) if never]
        if silent:
            note += f"; {', '.join(silent)} never answered in practice"
        return routing, note if known else f"{note}; costs unknown, the members' order stands in"

    def _embedded(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        assert self.encoder is not None
        return [tuple(vector) for vector in embed(self.encoder, texts)]

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

    async def _order(
        self, request: Request, ask: Ask, fitted: Fitted | None
    ) -> tuple[list[int], str]:
        """The members' numbers, best first, and why."""
        if self.policy == "random":
            return self._random(request)
        if self.policy == "rules":
            index, reason = first_rule(self.rules, request)
            chosen = self.members.index(self.rules[index].use)
            return _first(chosen, len(self.members)), reason
        if fitted is None:
            raise ConfigError("a learnt router must be fitted before it answers")
        routing: _Routing = fitted.state
        prompt: Prompt = _text(request)
        if self.encoder is not None:
            vector = await ask.step(
                "encoder",
                [self.encoder, prompt],
                lambda: self._embedded([_text(request)])[0],
                reason="to route by",
            )
            prompt = tuple(vector)
        return routing.order(prompt)

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
        return _first(chosen, len(shares)), f"random {draw:.3f}"


@dataclass(frozen=True, kw_only=True)
class _Routing:
    """What was learnt: chances of success by the prompt, mean costs, and the weight of cost."""

    model: Chances
    unseen: tuple[bool, ...]
    costs: tuple[float, ...]
    price_weight: float

    def order(self, prompt: Prompt) -> tuple[list[int], str]:
        """The members' numbers, best first, and the chances in words."""
        chances = _without(self.unseen, self.model(prompt))
        said = ", ".join(
            f"member_{i} {'unseen' if chance == _UNSEEN else f'{chance:.2f}'}"
            for i, chance in enumerate(chances, start=1)
        )
        return best_first(chances, self.costs, self.price_weight), f"P(success) {said}"


def best_first(chances: Sequence[float], costs: Sequence[float], weight: float) -> list[int]:
    """Members by chance minus weighted cost, best first; the earlier one of equals."""
    net = [chance - weight * cost for chance, cost in zip(chances, costs, strict=True)]
    return sorted(range(len(net)), key=lambda index: (-net[index], index))


def _first(chosen: int, n: int) -> list[int]:
    """``chosen`` before the other numbers below ``n``, which stay in order."""
    return [chosen, *(index for index in range(n) if index != chosen)]


def _without(unseen: Sequence[bool], chances: Sequence[float]) -> list[float]:
    """``chances``, below all others where a member never answered: nothing is known of it."""
    return [_UNSEEN if never else p for never, p in zip(unseen, chances, strict=True)]


def _learnt(
    method: Method,
    neighbours: int,
    prompts: Sequence[Prompt],
    successes: Sequence[Sequence[bool]],
) -> Chances:
    try:
        from evalsuite.systems.hybrids.router_models import learn_chances

        return learn_chances(prompts, successes, method=method, neighbours=neighbours)
    except ImportError:
        raise ExtraMissing("scikit-learn", "classical", "a learnt router") from None


def _text(request: Request) -> str:
    return "\n\n".join(message.content for message in request.messages)


def _costs(answered: Sequence[Sequence[Outcome]]) -> tuple[tuple[float, ...], bool]:
    """Mean known dollars per answer of each member, or their order where one has none known."""
    known = [[o.usd for o in outcomes if o.usd is not None] for outcomes in answered]
    if not all(known):
        return tuple(float(index) for index in range(len(answered))), False
    return tuple(sum(values) / len(values) for values in known), True


def _candidate_weights(chances: Sequence[Sequence[float]], costs: Sequence[float]) -> list[float]:
    """Weights between which no choice changes: from 0 to where only cost counts, thinned."""
    edges = sorted(
        {
            (row[j] - row[i]) / (costs[j] - costs[i])
            for row in chances
            for i in range(len(costs))
            for j in range(len(costs))
            if costs[j] > costs[i] and row[j] > row[i] > _UNSEEN
        }
    )
    if not edges:
        return [0.0]
    inner = [(low + high) / 2 for low, high in itertools.pairwise(edges)]
    step = max(1, len(inner) // _MOST_WEIGHTS)
    return [0.0, *inner[::step], edges[-1] * 2]
