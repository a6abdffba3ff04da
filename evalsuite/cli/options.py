"""What several commands share: options written NAME=VALUE, and the summary they end with."""

from __future__ import annotations

from typing import Any


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


def print_summary(done: Any) -> None:
    """The summary of a finished run, on the terminal."""
    from rich.console import Console

    from evalsuite import api
    from evalsuite.reporting.terminal import render_terminal

    render_terminal(api.summarise(done), Console())
