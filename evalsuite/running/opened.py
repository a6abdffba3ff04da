"""Systems made ready: models opened once each, hybrids bound to their members."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from evalsuite.errors import ConfigError, UserError
from evalsuite.records import Footprint, Size, SystemEntry, fingerprint
from evalsuite.systems.base import HybridSpec, Model, ModelSpec
from evalsuite.systems.limits import Limiter
from evalsuite.systems.resources import Resources
from evalsuite.task import Task


@dataclass(frozen=True, kw_only=True)
class OpenedSystem:
    """A system of this run. ``model`` is None for hybrids, ``members`` is empty for models.

    ``fingerprint`` covers everything that affects the output, members' fingerprints included, and
    nothing that does not (prices, concurrency, timeouts).
    """

    name: str
    spec: ModelSpec | HybridSpec
    model: Model | None
    members: Mapping[str, str]
    fingerprint: str

    def supports(self, task: Task) -> bool:
        """Whether this system can take ``task`` at all (a classical model cannot write stories)."""
        check = getattr(self.model or self.spec, "supports", None)
        return True if check is None else bool(check(task))

    def footprint(self) -> Footprint | None:
        """What its model takes up so far, or where else it is; None for a hybrid."""
        model = self.model
        if model is None:
            return None
        size: Size | None = getattr(model, "size", None)
        if size is not None:
            return Footprint(system=self.name, where="here", size=size)
        if getattr(model, "limiter", None) is not None:
            return Footprint(system=self.name, where="endpoint")
        recording = _pattern(self.spec) == "replay"
        return Footprint(system=self.name, where="recording" if recording else "unknown")

    def entry(self, *, reported: bool) -> SystemEntry:
        """What the manifest says of this system."""
        model = self.model
        return SystemEntry(
            name=self.name,
            kind="hybrid" if isinstance(self.spec, HybridSpec) else "model",
            pattern=_pattern(self.spec),
            model=model.name if model else None,
            fingerprint=self.fingerprint,
            roles=dict(self.members),
            price=_stated(msgspec.structs.asdict(model.price)) if model else {},
            parameters=getattr(model, "parameters", None),
            config=_stated(self.spec.model_dump(mode="json", exclude_defaults=True)),
            reported=reported,
        )


def open_systems(
    specs: Mapping[str, ModelSpec | HybridSpec], wanted: Iterable[str], resources: Resources
) -> dict[str, OpenedSystem]:
    """Open every wanted system and, before it, its members; a model is opened once."""
    opened: dict[str, OpenedSystem] = {}

    def open_one(name: str) -> OpenedSystem:
        if name not in opened:
            spec = specs[name]
            if isinstance(spec, HybridSpec):
                members = {role: open_one(member) for role, member in spec.roles().items()}
                _refuse_without_tokens(name, spec, members)
                opened[name] = _bound(name, spec, members)
            else:
                model = spec.open(resources)
                identity = fingerprint([_pattern(spec), dict(model.identity), _own_code(spec)])
                opened[name] = OpenedSystem(
                    name=name, spec=spec, model=model, members={}, fingerprint=identity
                )
        return opened[name]

    for name in wanted:
        open_one(name)
    return opened


def footprints(
    systems: Mapping[str, OpenedSystem], earlier: Iterable[Footprint] = ()
) -> tuple[Footprint, ...]:
    """What the models of a run took up, in this session and in the ``earlier`` ones.

    A session that asks a model nothing sees only how it was loaded, so the most that any saw
    counts.
    """
    before = {item.system: item for item in earlier}
    found = [system.footprint() for system in systems.values()]
    return tuple(_larger(item, before.get(item.system)) for item in found if item is not None)


def limiters_of(name: str, systems: Mapping[str, OpenedSystem]) -> tuple[Limiter, ...]:
    """The limiters of the endpoints that ``name`` and its members ask; none for local models."""
    found: dict[int, Limiter] = {}

    def visit(system: OpenedSystem) -> None:
        limiter = getattr(system.model, "limiter", None)
        if limiter is not None:
            found[id(limiter)] = limiter
        for member in system.members.values():
            visit(systems[member])

    visit(systems[name])
    return tuple(found.values())


def refuse_unpriced(max_usd: float | None, systems: Mapping[str, OpenedSystem]) -> None:
    """A budget in dollars cannot be kept for an endpoint without prices: say so beforehand."""
    if max_usd is None:
        return
    for name, system in systems.items():
        if getattr(system.model, "limiter", None) is None or system.model is None:
            continue
        if not system.model.price.by_token:
            raise UserError(
                f"max_usd cannot be kept: system {name!r} has no prices; state "
                "`usd_per_million_input_tokens` and `usd_per_million_output_tokens`, "
                "or use max_tokens"
            )


def _refuse_without_tokens(
    name: str, spec: HybridSpec, members: Mapping[str, OpenedSystem]
) -> None:
    """A token-level hybrid needs models in this process: say so before anything is asked."""
    for role, member in members.items() if spec.token_level else ():
        if not hasattr(member.model, "decoder"):
            raise ConfigError(
                f"system {name!r}: {spec.hybrid} works on tokens, so {role} must be a local model "
                f"(backend: transformers); {member.name!r} is none"
            )
    if spec.token_level:
        models: dict[str, Any] = {role: member.model for role, member in members.items()}
        try:
            spec.check_tokens({role: model.decoder for role, model in models.items()})
        except ConfigError as error:
            raise ConfigError(f"system {name!r}: {error}") from None


def _larger(now: Footprint, before: Footprint | None) -> Footprint:
    """``now`` with the bytes of ``before`` where those were more; the rest is of now."""
    if now.size is None or before is None or before.size is None:
        return now
    fields: dict[str, Any] = {}
    for kind in ("disk", "ram", "vram"):
        most = getattr(before.size, f"{kind}_bytes")
        if most is not None and most > (getattr(now.size, f"{kind}_bytes") or 0):
            fields[f"{kind}_bytes"] = most
            fields[f"{kind}_basis"] = getattr(before.size, f"{kind}_basis")
    fields["process_bytes"] = max(
        filter(None, (now.size.process_bytes, before.size.process_bytes)), default=None
    )
    return msgspec.structs.replace(now, size=msgspec.structs.replace(now.size, **fields))


def _bound(name: str, spec: HybridSpec, members: Mapping[str, OpenedSystem]) -> OpenedSystem:
    config = spec.model_dump(mode="json")
    below = {role: member.fingerprint for role, member in members.items()}
    identity = fingerprint([config, below, _own_code(spec)])
    names = {role: member.name for role, member in members.items()}
    return OpenedSystem(name=name, spec=spec, model=None, members=names, fingerprint=identity)


def _own_code(spec: ModelSpec | HybridSpec) -> str | None:
    """Hash of the file of a system that is not one of ours: edited, it is another system."""
    file: Path | None = getattr(spec, "own_code", None)
    if file is None:
        if type(spec).__module__.startswith("evalsuite."):
            return None
        file = Path(inspect.getfile(type(spec)))
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def _pattern(spec: ModelSpec | HybridSpec) -> str:
    return spec.hybrid if isinstance(spec, HybridSpec) else spec.backend


def _stated(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, "")}
