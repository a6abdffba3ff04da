"""``evalsuite doctor``: what this machine can do, and what to do for what it cannot."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

_ASK_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the page.

    Args:
        name: What was looked for.
        ok: Whether it is there; None where it is only told.
        detail: What was found.
        remedy: What to do to have it; empty where nothing is missing.
    """

    name: str
    ok: bool | None
    detail: str
    remedy: str = ""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for programs.")] = False,
    idle: Annotated[
        bool, typer.Option("--idle", help="Measure what the machine takes at rest, for 2 s.")
    ] = False,
) -> None:
    """Show what this machine can do: the sandbox, toolchains, extras, counters, data.

    Nothing is changed and nothing is fetched. The exit code is 0 whatever is found.
    """
    sections = {title: list(look()) for title, look in SECTIONS.items()}
    if idle:
        sections["Machine"] += _idle()
    if as_json:
        found = {title: [asdict(item) for item in items] for title, items in sections.items()}
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    from rich.console import Console

    _print(Console(), sections)


def _print(console: Console, sections: dict[str, list[Finding]]) -> None:
    from rich.table import Table
    from rich.text import Text

    width = max(len(item.name) for items in sections.values() for item in items)
    for title, items in sections.items():
        console.print(Text(title, style="bold"))
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(width=3)
        table.add_column(width=width, no_wrap=True)
        table.add_column(overflow="fold")
        for item in items:
            sign, style = {True: ("yes", "green"), False: ("no", "red"), None: ("", "")}[item.ok]
            text = Text(item.detail)
            if item.remedy:
                text.append(f"\n{item.remedy}", style="dim")
            table.add_row(Text(sign, style=style), item.name, text)
        console.print(table)
        console.print()


# --- what is looked at --------------------------------------------------------------------------


def sandbox() -> Iterator[Finding]:
    """Tiers in which generated code can be run, the chosen one, and what they are made of."""
    from evalsuite.scoring.sandbox import cgroups, tiers
    from evalsuite.scoring.sandbox.contract import SandboxBroken, SandboxUnavailable
    from evalsuite.scoring.sandbox.inside import counters, kernel, landlock, seccomp

    try:
        chosen, ok = tiers.describe(tiers.required_tier()), True
    except SandboxUnavailable as error:
        chosen, ok = str(error), False
    variable = os.environ.get(tiers.VARIABLE)
    said = f" ({tiers.VARIABLE}={variable})" if variable else " (the default)"
    yield Finding(name="generated code runs in", ok=ok, detail=chosen + said)
    for tier in tiers.TIERS:
        offer = tiers.offer(tier)
        yield Finding(name=f"tier {tier}", ok=offer.works, detail=offer.detail, remedy=offer.remedy)
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    filters = kernel.SUPPORTED and seccomp.available()
    yield _found(
        "seccomp", filters, system, "a kernel with CONFIG_SECCOMP_FILTER on x86_64 or aarch64"
    )
    version = landlock.version() if kernel.SUPPORTED else 0
    remedy = "Linux 5.13 or later, with landlock in the boot parameter lsm="
    yield _found("landlock", version > 0, f"version {version}" if version else "absent", remedy)
    try:
        groups = cgroups.describe()
    except SandboxBroken as error:
        groups = str(error)
    remedy = f"set {cgroups.VARIABLE} to a delegated group, see docs/sandbox.md"
    yield _found("control groups", groups.startswith("cgroup "), groups, remedy)
    why = counters.obstacle()
    yield Finding(
        name="instruction counter",
        ok=why is None,
        detail=why or "user-space instructions of programs are counted",
    )


def toolchains() -> Iterator[Finding]:
    """Compilers and interpreters of the languages that programs are graded in."""
    from evalsuite.scoring.languages import LANGUAGES

    for language in LANGUAGES.values():
        missing = [tool for tool in language.tools if shutil.which(tool) is None]
        detail = f"missing: {', '.join(missing)}" if missing else _version(language.tools[0])
        remedy = f"install {language.remedy}" if missing else ""
        yield Finding(name=language.title, ok=not missing, detail=detail, remedy=remedy)


def python() -> Iterator[Finding]:
    """The interpreter, this package and its extras."""
    from importlib import metadata

    from evalsuite import __version__
    from evalsuite.scoring.sandbox.view import interpreter

    yield Finding(name="Python", ok=None, detail=f"{platform.python_version()} at {sys.executable}")
    yield Finding(name="candidates' Python", ok=None, detail=interpreter())
    yield Finding(name="evalsuite", ok=None, detail=__version__)
    for extra, needs in _extras().items():
        versions, missing = [], []
        for package in needs:
            try:
                versions.append(f"{package} {metadata.version(package)}")
            except metadata.PackageNotFoundError:
                missing.append(package)
        detail = f"missing: {', '.join(missing)}" if missing else ", ".join(versions)
        remedy = f"pip install 'evalsuite[{extra}]'" if missing else ""
        yield Finding(name=f"extra {extra}", ok=not missing, detail=detail, remedy=remedy)


def machine() -> Iterator[Finding]:
    """Cores, memory, graphics processors and counters of energy."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Finding(name="cores", ok=None, detail=f"{usable} usable of {os.cpu_count()}")
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    yield Finding(name="memory", ok=None, detail=f"{total / 2**30:.1f} GiB")
    cards = _lines("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader")
    yield Finding(name="GPU", ok=bool(cards), detail="; ".join(cards) or "no NVIDIA GPU answers")
    yield from _counters()


def data() -> Iterator[Finding]:
    """Folders that benchmarks' data are read from and kept in."""
    from evalsuite.datasets import cache_root, data_roots

    found = [root for root in data_roots() if root.is_dir()]
    looked = ", ".join(str(root) for root in data_roots())
    yield Finding(
        name="data folder",
        ok=bool(found),
        detail=str(found[0].resolve()) if found else f"none of {looked}",
        remedy="" if found else "set EVALSUITE_DATA, or let data sets be fetched when needed",
    )
    cache = cache_root()
    above = next(folder for folder in (cache, *cache.parents) if folder.is_dir())
    writable = os.access(above, os.W_OK)
    yield Finding(
        name="cache folder",
        ok=writable,
        detail=f"{cache}{'' if cache.is_dir() else ' (not made yet)'}",
        remedy="" if writable else "set EVALSUITE_CACHE to a folder that can be written",
    )


SECTIONS: dict[str, Callable[[], Iterator[Finding]]] = {
    "Sandbox": sandbox,
    "Toolchains": toolchains,
    "Python": python,
    "Machine": machine,
    "Data": data,
}


# --- how --------------------------------------------------------------------------------------


def _found(name: str, ok: bool, detail: str, remedy: str) -> Finding:
    return Finding(name=name, ok=ok, detail=detail, remedy="" if ok else remedy)


def _lines(*command: str) -> list[str]:
    """What a command prints on both streams, if it is there and ends well."""
    if shutil.which(command[0]) is None:
        return []
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_ASK_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    if done.returncode != 0:
        return []
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]


def _version(tool: str) -> str:
    asked = [tool, "version"] if tool == "go" else [tool, "--version"]
    lines = _lines(*asked)
    first = lines[0] if lines else "its version is not told"
    return first if first.startswith(tool) else f"{tool} {first}"


def _extras() -> dict[str, list[str]]:
    """Packages of each extra that installs some, as this package's metadata has them."""
    from importlib import metadata

    found: dict[str, list[str]] = {}
    for requirement in metadata.requires("evalsuite") or ():
        package = re.match(r"[\w.-]+", requirement)
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", requirement)
        if package and extra and package[0] != "evalsuite" and extra[1] != "dev":
            found.setdefault(extra[1], []).append(package[0])
    return found


def _counters() -> Iterator[Finding]:
    """The counters that a run would measure energy with."""
    from evalsuite.systems.energy.nvml import nvml_counters
    from evalsuite.systems.energy.rapl import rapl

    for name, found in (("NVML", nvml_counters()), ("RAPL", rapl())):
        names = ", ".join(counter.name for counter in found.counters)
        for counter in found.counters:
            counter.close()
        detail = "; ".join(filter(None, (names, found.problem)))
        yield Finding(name=name, ok=bool(names), detail=detail, remedy=found.remedy)


def _idle() -> Iterator[Finding]:
    """What the processors take while nothing of ours runs."""
    from evalsuite.systems.energy.counters import HOST
    from evalsuite.systems.energy.meter import Meter
    from evalsuite.systems.energy.nvml import nvml_counters
    from evalsuite.systems.energy.rapl import rapl

    meter = Meter(lambda device: rapl() if device == HOST else nvml_counters())
    meter.watch("every GPU")
    powers = meter.rest()
    meter.close()
    if not powers:
        yield Finding(name="at rest", ok=False, detail="no counter of energy can be read")
    for power in powers:
        known = power.watts is not None
        detail = f"{power.watts:.3g} W" if known else "it did not move"
        detail = f"{detail}, over {power.seconds:g} s"
        yield Finding(name=f"{power.counter} at rest", ok=known, detail=detail)
