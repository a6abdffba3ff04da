"""From the configuration of a system to its spec.

The tables below are the whole list of what is shipped; a file is imported when a configuration
names it. ``backend:`` and ``hybrid:`` also take a class of the user's own, as
"package.module:Attribute" or "path/file.py:Attribute"; ``hybrid:`` also an async function.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import ValidationError

from evalsuite.errors import ConfigError
from evalsuite.hints import did_you_mean
from evalsuite.modules import import_file
from evalsuite.systems.base import HybridSpec, ModelSpec

BACKENDS = {
    "classical": "evalsuite.systems.classical:ClassicalSpec",
    "openai": "evalsuite.systems.openai:OpenAISpec",
    "replay": "evalsuite.systems.replay:ReplaySpec",
    "transformers": "evalsuite.systems.transformers:TransformersSpec",
}
HYBRIDS = {
    "adaptive_shots": "evalsuite.systems.hybrids.adaptive_shots:AdaptiveShotsSpec",
    "advisor": "evalsuite.systems.hybrids.advisor:AdvisorSpec",
    "cascade": "evalsuite.systems.hybrids.cascade:CascadeSpec",
    "committee": "evalsuite.systems.hybrids.committee:CommitteeSpec",
    "contrastive": "evalsuite.systems.hybrids.contrastive:ContrastiveSpec",
    "distil": "evalsuite.systems.hybrids.distil:DistilSpec",
    "deliberate": "evalsuite.systems.hybrids.deliberate:DeliberateSpec",
    "fallback": "evalsuite.systems.hybrids.fallback:FallbackSpec",
    "guard": "evalsuite.systems.hybrids.guard:GuardSpec",
    "guide": "evalsuite.systems.hybrids.guide:GuideSpec",
    "hedge": "evalsuite.systems.hybrids.hedge:HedgeSpec",
    "logit_shift": "evalsuite.systems.hybrids.logit_shift:LogitShiftSpec",
    "plan_act": "evalsuite.systems.hybrids.plan_act:PlanActSpec",
    "principled": "evalsuite.systems.hybrids.principled:PrincipledSpec",
    "reflect": "evalsuite.systems.hybrids.reflect:ReflectSpec",
    "rerank": "evalsuite.systems.hybrids.rerank:RerankSpec",
    "retrieve_read": "evalsuite.systems.hybrids.retrieve_read:RetrieveReadSpec",
    "router": "evalsuite.systems.hybrids.router:RouterSpec",
    "speculative": "evalsuite.systems.hybrids.speculative:SpeculativeSpec",
    "mc_dropout": "evalsuite.systems.hybrids.mc_dropout:McDropoutSpec",
    "verify": "evalsuite.systems.hybrids.verify:VerifySpec",
}


def parse_system(name: str, config: str | Mapping[str, Any]) -> ModelSpec | HybridSpec:
    """The spec that ``config`` describes; ``name`` is what error messages call it.

    A mapping has ``backend:`` or ``hybrid:`` and the fields of that spec. A string is a model in
    short: "embedded/nano", "classical/gradient_boosting", "openai/gpt-5-mini",
    "transformers/./folder".

    Raises:
        ConfigError: in one line, with what was probably meant.
    """
    if isinstance(config, str):
        config = _expanded(name, config)
    kinds = [kind for kind in ("backend", "hybrid") if kind in config]
    if len(kinds) != 1:
        raise ConfigError(f"system {name!r}: give either `backend:` or `hybrid:`")
    kind = kinds[0]
    known, base = (BACKENDS, ModelSpec) if kind == "backend" else (HYBRIDS, HybridSpec)
    spec = _spec_class(name, kind, config[kind], known)
    if kind == "hybrid" and inspect.iscoroutinefunction(spec):
        return _of_function(name, spec, config)
    if not (isinstance(spec, type) and issubclass(spec, base)):
        raise ConfigError(f"system {name!r}: {config[kind]} is not a {base.__name__}")
    try:
        return spec.model_validate(dict(config))
    except ValidationError as error:
        raise ConfigError(f"system {name!r}: {_first_problem(error, spec.model_fields)}") from None


def _of_function(name: str, function: Any, config: Mapping[str, Any]) -> HybridSpec:
    from evalsuite.systems.hybrids.function import FunctionSpec

    try:
        return FunctionSpec.around(function, config)
    except ValidationError as error:
        problem = _first_problem(error, FunctionSpec.model_fields)
        raise ConfigError(f"system {name!r}: {problem}") from None
    except ValueError as error:
        raise ConfigError(f"system {name!r}: {error}") from None


def _expanded(name: str, short: str) -> dict[str, Any]:
    """A string such as "openai/gpt-5-mini" as the mapping that it is short for."""
    prefix, _, model = short.partition("/")
    if prefix == "embedded" and model:
        return {"backend": "transformers", "model": short}
    if prefix in BACKENDS and prefix != "replay" and model:
        return {"backend": prefix, "model": model}
    prefixes = ["embedded", *(backend for backend in BACKENDS if backend != "replay")]
    close = difflib.get_close_matches(prefix, prefixes, n=1)
    hint = f"did you mean '{close[0]}/{model or '...'}'?" if close else _one_of(prefixes)
    raise ConfigError(f"system {name!r}: {short!r} is not BACKEND/MODEL: {hint}")


def _spec_class(name: str, kind: str, wanted: Any, known: Mapping[str, str]) -> Any:
    target = known.get(wanted, wanted) if isinstance(wanted, str) else ""
    module, _, attribute = target.rpartition(":")
    if not module or not attribute:
        hint = did_you_mean(str(wanted), known, otherwise=_one_of(known))
        raise ConfigError(f"system {name!r}: unknown {kind} {wanted!r}: {hint}")
    try:
        loaded = _load_file(Path(module)) if module.endswith(".py") else _load_module(module)
        return getattr(loaded, attribute)
    except (LookupError, AttributeError) as error:
        raise ConfigError(f"system {name!r}: {kind} {wanted!r}: {error}") from None


def _load_module(module: str) -> ModuleType:
    """Import by name; LookupError where it does not exist. Its own errors stay as they are."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(error.name + ".")):
            raise LookupError(f"there is no module {error.name!r}") from None
        raise


def _load_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise LookupError("there is no such file")
    return import_file(path)


def _first_problem(error: ValidationError, fields: Iterable[str]) -> str:
    """The first problem of ``error`` in words; values are left out, one of them may be a key."""
    problem = error.errors(include_input=False, include_url=False)[0]
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden" and len(problem["loc"]) > 1:
        return f"unknown key {key!r}"
    if problem["type"] == "extra_forbidden":
        hint = did_you_mean(key, fields, otherwise=_one_of(fields))
        return f"unknown key {key!r}: {hint}"
    if problem["type"] == "missing":
        return f"{key!r} is missing"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{key}: {message}" if key else message


def _one_of(names: Iterable[str]) -> str:
    return f"use one of {', '.join(names)}"
