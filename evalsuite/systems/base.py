"""What a system is: a model, or a hybrid that asks other systems under role names.

Both come from a *spec*: a frozen pydantic model of their part of the experiment file. A
``ModelSpec`` opens a ``Model`` (weights, a connection); a ``HybridSpec`` is itself the hybrid.
The engine traces, prices, journals and resumes every model call; nothing here does.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from evalsuite.records import Answer, Completion, Request, Sample
from evalsuite.systems.price import Price
from evalsuite.systems.resources import Resources
from evalsuite.task import Split, Task


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """What a system learnt for one task before it answers for the record.

    ``state`` is handed back with every request. ``identity`` is its JSON-able essence (a
    threshold, coefficients rounded, a hash): it belongs to the fingerprint of the answers.
    ``note`` says in words what was chosen and on how many samples.
    """

    state: Any
    identity: Any
    split: Split
    n_samples: int
    note: str
    machine_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a member did on one practice sample; ``answer`` and ``success`` are None if it failed."""

    sample: Sample
    request: Request
    answer: Answer | None
    success: bool | None
    usd: float | None


class Practice(Protocol):
    """What a system may learn from: never the test split."""

    task: Task
    seed: int

    def samples(self, split: Split) -> Sequence[Sample]:
        """Samples of "train" or "validation", as many as the experiment allows for practice."""
        ...

    async def outcomes(self, role: str, split: Split) -> Sequence[Outcome]:
        """Ask the member in ``role`` all practice samples of ``split`` and score its answers."""
        ...


class Ask(Protocol):
    """Asks the member in ``role``; the call is traced with the ``reason`` for this hop.

    Raises CallFailed when the member gave no answer; a hybrid may catch it and go elsewhere.
    """

    async def __call__(self, role: str, request: Request, *, reason: str) -> Answer:
        """One hop."""
        ...


class Model(Protocol):
    """A leaf system. ``name`` is what tables show; ``identity`` all that affects its output.

    Optional attributes: ``limiter`` (``evalsuite.systems.limits.Limiter``) says how many
    requests its endpoint takes at a time; ``cacheable`` that an answer depends on nothing but the
    identity and what the request sends, so that the response cache may keep it;
    ``requests_for(request)`` how many times a prompt is sent for one answer, where not once;
    ``timed`` is False where the time of a call says nothing (a provider's batch).
    """

    name: str
    identity: Mapping[str, Any]
    price: Price

    async def complete(self, request: Request, fitted: Fitted | None) -> Completion:
        """Answer one request, or raise CallFailed. Many may be in flight at once."""
        ...

    async def fit(self, practice: Practice) -> Fitted | None:
        """Learn one task; None for models that have nothing to learn."""
        ...

    async def close(self) -> None:
        """Free weights and connections."""
        ...


class Spec(BaseModel):
    """Configuration of one system, as written in the experiment file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelSpec(Spec, abc.ABC):
    """Configuration of a model. ``backend`` names the file it comes from."""

    backend: str

    @abc.abstractmethod
    def open(self, resources: Resources) -> Model:
        """Load the model. UserError (ExtraMissing, ConfigError) where that is impossible."""

    def stated_price(self) -> Price | None:
        """Prices by the token, as far as the configuration states them.

        None for a model that is not priced by the token (machine time, recordings).
        """
        return None


class HybridSpec(Spec, abc.ABC):
    """A hybrid: configuration and behaviour in one short file.

    Fields that name other systems are its roles.
    """

    hybrid: str

    @abc.abstractmethod
    def roles(self) -> Mapping[str, str]:
        """Role name -> name of the system in the experiment that plays it."""

    @abc.abstractmethod
    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """Answer by asking members. Let CallFailed through, or handle it on purpose."""

    async def fit(self, practice: Practice) -> Fitted | None:
        """Learn one task (a threshold, a router) from practice; most hybrids need nothing."""
        return None

    def hops(self) -> Mapping[str, tuple[int, int | None]]:
        """How often one answer asks each role, at least and at most (None: nobody can say).

        For estimates before a run; every role is asked 0 times to unknown unless a hybrid knows.
        """
        return {}

    def practises(self) -> Mapping[str, Split]:
        """The roles whose members ``fit`` asks practice samples of a split; for estimates."""
        return {}
