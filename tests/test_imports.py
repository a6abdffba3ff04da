"""The house has floors: imports go one way, and starting up loads nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "evalsuite"
# A module may import from its own floor and from the floors above it in this list.
FLOORS = (
    ("records", "errors", "hints", "modules"),
    ("embedded",),
    ("task", "datasets", "prompting", "contamination"),
    ("scoring",),
    ("systems",),
    ("judging",),
    ("library", "yaml_source", "catalog", "inline", "experiment"),
    ("running",),
    ("tables", "store", "compaction", "pooled_names", "pooling"),
    ("analysis",),
    ("reporting",),
    ("embedded training",),
    ("session",),
    (
        "deciding",
        "judging_setup",
        "judging_rounds",
        "judging_plans",
        "judging_runs",
        "judge_attacks",
        "latency_bench",
    ),
    ("integrations",),
    ("api", "ratings", "routing", "judges"),
    ("gates",),
    ("cli", "__main__", "pytest_plugin"),
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


# What ships of the embedded models is light and low; what trains and measures them is neither.
SHIPPED = {"__init__", "items", "families", "model_path", "names"}


def room_of(dotted: str) -> str | None:
    parts = dotted.split(".")
    if parts[0] != "evalsuite" or len(parts) < 2:
        return None
    if parts[1] == "embedded" and len(parts) > 2 and parts[2] not in SHIPPED:
        return "embedded training"
    return parts[1]


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_go_one_way(path: Path) -> None:
    room = room_of(".".join(("evalsuite", *path.relative_to(PACKAGE).with_suffix("").parts)))
    assert room in FLOOR_OF, f"{room} has no floor yet: give it one in this test"
    for name in imported(path):
        other = room_of(name)
        if other in FLOOR_OF:
            assert FLOOR_OF[other] <= FLOOR_OF[room], f"{room} must not import {name}"


def test_no_two_modules_import_each_other() -> None:
    dotted = {
        "evalsuite." + path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", "."): path
        for path in MODULES
    }
    edges = {
        name: {one if one in dotted else one.rpartition(".")[0] for one in imported(path)}
        for name, path in dotted.items()
    }
    mutual = [
        (a, b)
        for a, others in edges.items()
        for b in others & set(dotted)
        if a < b and a in edges[b]
    ]
    assert mutual == []


@pytest.mark.parametrize("what", ["import evalsuite", "import evalsuite.cli", "--help"])
def test_starting_up_loads_nothing_heavy(what: str) -> None:
    program = (
        "import sys; sys.argv = ['evalsuite', '--help']; import evalsuite.cli\n"
        "try: evalsuite.cli.main()\nexcept SystemExit: pass"
        if what == "--help"
        else f"import sys; {what}"
    )
    heavy = (
        "torch",
        "transformers",
        "pandas",
        "scipy",
        "numpy",
        "matplotlib",
        "sklearn",
        "aiohttp",
    )
    check = f"\nprint('LOADED', [name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program + check], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "LOADED []"
