"""``evalsuite cache``: look at the response cache, make it smaller, carry it elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from evalsuite.running.cache_file import CacheInfo, ModelUse

cache_app = typer.Typer(
    help="Look at the response cache, make it smaller, carry it elsewhere.",
    no_args_is_help=True,
)
CacheFile = Annotated[
    Path | None,
    typer.Option("--file", help="Another cache than that of this user.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Exact figures, for programs.")]

_SIZES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_SIZES |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
_SPANS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


@cache_app.command("info")
def info(file: CacheFile = None, as_json: AsJson = False) -> None:
    """Show how many answers of which models are kept, and how large they are."""
    from rich.console import Console

    from evalsuite.running import cache_file

    found = cache_file.info(_path(file))
    if as_json:
        _print_json(found)
        return
    sizes = f"{human_size(found.size)}; on disk {human_size(found.file_size)}"
    typer.echo(f"cache    {found.path}")
    typer.echo(f"answers  {found.answers:,} ({sizes})")
    if found.models:
        Console().print(_models_table(found))


@cache_app.command("prune")
def prune(
    older_than: Annotated[
        str | None, typer.Option(help="Answers not used for so long: 12h, 30d, 8w.")
    ] = None,
    max_size: Annotated[
        str | None, typer.Option(help="Least recently used first, down to so much: 500MB, 2GB.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Answers of this model alone.")] = None,
    file: CacheFile = None,
    as_json: AsJson = False,
) -> None:
    """Remove answers. What is removed is asked, and paid for, again when it is needed."""
    from evalsuite.errors import UserError
    from evalsuite.running import cache_file

    if older_than is None and max_size is None and model is None:
        raise UserError("what to remove? Give --older-than, --max-size or --model; or: cache clear")
    removed = cache_file.prune(
        _path(file),
        unused_for=None if older_than is None else _seconds(older_than),
        keep_size=None if max_size is None else _bytes(max_size),
        model=model,
    )
    if as_json:
        _print_json(removed)
    else:
        typer.echo(f"removed {_answers(removed.answers)} ({human_size(removed.size)})")


@cache_app.command("clear")
def clear(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    file: CacheFile = None,
) -> None:
    """Remove all answers."""
    from evalsuite.running import cache_file

    path = _path(file)
    found = cache_file.info(path)
    if not yes:
        question = f"Remove {_answers(found.answers)} ({human_size(found.size)}) from {path}?"
        typer.confirm(question, abort=True)
    removed = cache_file.prune(path)
    typer.echo(f"removed {_answers(removed.answers)} ({human_size(removed.size)})")


@cache_app.command("export")
def export(
    out: Annotated[Path, typer.Argument(help="A .jsonl file to write, or .jsonl.gz.")],
    file: CacheFile = None,
) -> None:
    """Write all answers to a file, one JSON object a line."""
    from evalsuite.running import cache_file

    n = cache_file.export(_path(file), out)
    typer.echo(f"exported {_answers(n)}: {out} ({human_size(out.stat().st_size)})")


@cache_app.command("import")
def import_(
    source: Annotated[Path, typer.Argument(help="A file that `cache export` wrote.")],
    file: CacheFile = None,
) -> None:
    """Add the answers of an export; what is there already stays as it is."""
    from evalsuite.running import cache_file

    n, new = cache_file.import_(_path(file), source)
    typer.echo(f"imported {_answers(new)}; {n - new:,} of {n:,} were there already")


# -- words ---------------------------------------------------------------------------------------


def human_size(size: int) -> str:
    """Bytes as a person reads them: ``812 B``, ``4.2 MB``."""
    value, units = float(size), ["B", "kB", "MB", "GB", "TB"]
    while value >= 999.5 and len(units) > 1:
        value /= 1000
        units.pop(0)
    digits = 0 if units[0] == "B" or value >= 99.5 else 1
    return f"{value:.{digits}f} {units[0]}"


def _answers(n: int) -> str:
    return f"{n:,} answer" if n == 1 else f"{n:,} answers"


def _models_table(found: CacheInfo) -> Table:
    from rich.table import Table
    from rich.text import Text

    from evalsuite.reporting.plain import one_line

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("model", overflow="fold")
    for title in ("answers", "size"):
        table.add_column(title, justify="right", no_wrap=True)
    for title in ("first kept", "last used"):
        table.add_column(title, no_wrap=True)

    def row(use: ModelUse) -> tuple[Text, ...]:
        dates = (_date(use.first_created_at), _date(use.last_used_at))
        cells = (one_line(use.model, 60), f"{use.answers:,}", human_size(use.size), *dates)
        return tuple(map(Text, cells))

    for use in found.models:
        table.add_row(*row(use))
    return table


def _date(seconds: float) -> str:
    from datetime import datetime

    return f"{datetime.fromtimestamp(seconds):%Y-%m-%d}"


def _print_json(found: object) -> None:
    import msgspec

    typer.echo(msgspec.json.encode(found).decode())


def _path(file: Path | None) -> Path:
    from evalsuite.running.cache import cache_path

    return file or cache_path()


def _bytes(text: str) -> int:
    return int(_quantity(text, _SIZES, "--max-size", "a size such as 500MB or 2GiB"))


def _seconds(text: str) -> float:
    return _quantity(text, _SPANS, "--older-than", "a time such as 12h, 30d or 8w")


def _quantity(text: str, units: dict[str, float] | dict[str, int], option: str, form: str) -> float:
    import re

    from evalsuite.errors import UserError

    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", text.strip().lower())
    if match is None or match[2] not in units:
        raise UserError(f"{option} {text!r}: write {form}")
    return float(match[1]) * units[match[2]]
