"""Who answered what in the large run that is made up: its tasks, systems and manifest."""

from __future__ import annotations

from dataclasses import dataclass

from evalsuite.records import SCHEMA_VERSION, Manifest, SystemEntry, TaskEntry

TASKS = (
    ("reasoning/sums", "reasoning", 1),
    ("reasoning/passages", "reasoning", 5),
    ("classification/intents", "classification", 1),
    ("extraction/records", "extraction", 5),
    ("tools/calls", "tools", 1),
)
"""Name, family, and samples in a cluster."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model: how often it is right, its price and speed; ``usd`` None is unknown."""

    name: str
    right: float
    usd: float | None
    seconds: float
    joules: float | None = None


@dataclass(frozen=True, kw_only=True)
class Hybrid:
    """Asks ``first``, and ``second`` about ``share`` of the samples."""

    name: str
    pattern: str
    first: str
    second: str
    share: float


MODELS = (
    Model(name="nano", right=0.55, usd=2e-6, seconds=0.02, joules=0.3),
    Model(name="micro", right=0.62, usd=6e-6, seconds=0.05, joules=0.9),
    Model(name="small", right=0.70, usd=4e-5, seconds=0.3),
    Model(name="medium", right=0.78, usd=2e-4, seconds=0.6),
    Model(name="large", right=0.86, usd=1e-3, seconds=1.4),
    Model(name="largest", right=0.87, usd=4e-3, seconds=2.5),
    Model(name="own-endpoint", right=0.75, usd=None, seconds=0.9),
)
HYBRIDS = (
    Hybrid(name="cascade", pattern="cascade", first="small", second="large", share=0.45),
    Hybrid(name="router", pattern="router", first="micro", second="large", share=0.35),
    Hybrid(name="checked", pattern="self_check", first="medium", second="medium", share=1.0),
)
N_SYSTEMS = len(MODELS) + len(HYBRIDS)


def manifest(n_samples: int, seed: int) -> Manifest:
    """Of the run of ``n_samples`` a task."""
    tasks = [_task_entry(name, family, n_samples, seed) for name, family, _ in TASKS]
    return Manifest(
        schema_version=SCHEMA_VERSION,
        name=f"large-{N_SYSTEMS * len(TASKS) * n_samples}",
        experiment={"name": "large"},
        fingerprint=f"{seed:016x}",
        started_at=1.7e9,
        finished_at=1.7e9 + 86400,
        complete=True,
        sessions=1,
        tasks=tuple(tasks),
        systems=(*(_model_entry(model) for model in MODELS), *map(_hybrid_entry, HYBRIDS)),
        repeats=1,
        seed=seed,
        concurrency=64,
        sandbox="not needed",
        evalsuite_version="0.1.0",
        code=None,
        python="3.11.7",
        packages={"numpy": "2.4.6"},
        hardware={"processor": "made up", "cores": 2, "memory_gib": 8.0, "system": "Linux"},
    )


def _task_entry(name: str, family: str, n_samples: int, seed: int) -> TaskEntry:
    return TaskEntry(
        name=name,
        family=family,
        summary="made up",
        version=1,
        split="test",
        n_samples=n_samples,
        data_hash=f"{seed:016x}",
        prompt_hash="0" * 16,
        success="exact",
        success_at=1.0,
        source="made up",
        licence="CC0",
        reference="",
    )


def _model_entry(model: Model) -> SystemEntry:
    rates = {"usd_per_million_input_tokens": 1.0, "usd_per_million_output_tokens": 4.0}
    return SystemEntry(
        name=model.name,
        kind="model",
        pattern="openai",
        model=f"org/{model.name}",
        fingerprint=f"print-{model.name}",
        roles={},
        price={} if model.usd is None else rates,
        parameters=None,
        config={},
    )


def _hybrid_entry(hybrid: Hybrid) -> SystemEntry:
    return SystemEntry(
        name=hybrid.name,
        kind="hybrid",
        pattern=hybrid.pattern,
        model=None,
        fingerprint=f"print-{hybrid.name}",
        roles=roles_of(hybrid),
        price={},
        parameters=None,
        config={},
    )


def roles_of(hybrid: Hybrid) -> dict[str, str]:
    """Its two roles and who is in them."""
    word = {"cascade": "tier", "router": "member"}.get(hybrid.pattern, "step")
    return {f"{word}_1": hybrid.first, f"{word}_2": hybrid.second}


def named(name: str) -> Model:
    """The model called so."""
    return next(model for model in MODELS if model.name == name)
