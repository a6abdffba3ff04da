"""What ``--settle`` says, of ``judge`` and ``rate-battles``."""

from __future__ import annotations


def top_of(stated: str) -> int | None:
    """How many places at the top are to be settled: None of "all", 1 of "best", N of "top:N".

    Raises UserError where it says none of them.
    """
    from evalsuite.errors import UserError

    word, _, places = stated.partition(":")
    if word == "top" and places.isdecimal() and int(places):
        return int(places)
    if stated not in ("all", "best"):
        raise UserError(f"--settle {stated!r}: write all, best or top:N")
    return 1 if stated == "best" else None
