"""What several commands share: options written NAME=VALUE, and the summary they end with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalsuite.analysis.latency import ServiceLevel

Milliseconds = float | None


def named(entry: str, option: str, form: str = "NAME=COLUMN") -> tuple[str, str]:
    """The two halves of ``entry``; UserError where it is not written as ``form``."""
    from evalsuite.errors import UserError

    name, equals, value = entry.partition("=")
    if not (name and equals and value):
        raise UserError(f"{option} {entry!r}: write {form}")
    return name, value


def number(text: str, option: str) -> float:
    """``text`` as a number; UserError where it is none."""
    from evalsuite.errors import UserError

    try:
        return float(text)
    except ValueError:
        raise UserError(f"{option} {text!r}: write a number") from None


def further_systems(file: Path | None, define: Sequence[str] | None) -> dict[str, Any]:
    """The systems of an experiment ``file``, and those defined as NAME=MODEL, which win.

    ConfigError where the file has no ``systems:``; UserError for another form.
    """
    from evalsuite.errors import ConfigError
    from evalsuite.yaml_source import read_yaml

    systems: Any = {}
    if file is not None:
        content = read_yaml(file).value
        systems = content.get("systems") if isinstance(content, dict) else None
        if not isinstance(systems, dict):
            raise ConfigError(f"{file}: no `systems:` in it")
    more = dict(named(entry, "--define", "NAME=MODEL") for entry in define or ())
    return {**systems, **more}


def service_level(
    ttft_ms: Milliseconds, tpot_ms: Milliseconds, e2e_ms: Milliseconds
) -> ServiceLevel:
    """What an answer must keep to, from options in milliseconds; None is no limit."""
    from evalsuite.analysis.latency import ServiceLevel

    return ServiceLevel(
        ttft_seconds=_seconds(ttft_ms),
        tpot_seconds=_seconds(tpot_ms),
        end_to_end_seconds=_seconds(e2e_ms),
    )


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def print_plan(planned: Any) -> None:
    """The calls of a plan, on the terminal."""
    from rich.console import Console

    from evalsuite.reporting.dry_run import dry_run_page

    Console().print(dry_run_page(planned))


def print_summary(done: Any, *, every_task: bool = False) -> None:
    """The summary of a finished run, on the terminal; ``every_task`` also where they are many."""
    from rich.console import Console

    from evalsuite import api
    from evalsuite.reporting.terminal import render_terminal

    render_terminal(api.summarise(done), Console(), every_task=every_task)
