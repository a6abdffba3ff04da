"""Lines of files that may be packed, damaged or hostile, in bounded memory."""

from __future__ import annotations

import contextlib
import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from evalsuite.errors import UserError

LONGEST_LINE_BYTES = 32 << 20
"""A line that is longer is refused: it would be held in memory several times over."""

_COUNTED_BYTES = 1 << 30
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_LONE_RETURN = re.compile(r"(?<=\r)(?!\n)")


class BadData(UserError, ValueError):
    """A data file does not hold what it should; the message names the file and the row."""


@contextlib.contextmanager
def unpacked(path: Path) -> Iterator[BinaryIO]:
    """The content of a file that may be packed with gzip, as bytes."""
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
        file.seek(0)
        if packed:
            with gzip.open(file, "rb") as inner:
                yield cast(BinaryIO, inner)
        else:
            yield file


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    r"""The lines of a UTF-8 file with their numbers from 1 on, ends of lines included.

    Lines end at ``\n`` alone: other separators may be part of a value.

    Raises:
        BadData: For a line that is too long or not UTF-8, or a packed file that is damaged.
    """
    number = 0
    with unpacked(path) as file:
        while True:
            number += 1
            try:
                line = file.readline(LONGEST_LINE_BYTES + 1)
                if len(line) > LONGEST_LINE_BYTES:
                    raise BadData(f"{path}:{number}: {_too_long(file, len(line))}")
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise BadData(f"{path}:{number}: the packed file is damaged ({error})") from None
            if not line:
                return
            yield number, _decoded(line, path, number)


def whole_text(path: Path, most_bytes: int) -> str:
    """The text of a UTF-8 file of at most ``most_bytes``.

    Raises:
        BadData: If it is larger or not UTF-8, or a packed file that is damaged.
    """
    try:
        with unpacked(path) as file:
            content = file.read(most_bytes + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadData(f"{path}: the packed file is damaged ({error})") from None
    if len(content) > most_bytes:
        raise BadData(
            f"{path}: more than {megabytes(most_bytes)} of JSON in one piece; "
            "write it as JSON Lines, which are streamed"
        )
    lines = content.split(b"\n")
    return "\n".join(_decoded(line, path, number) for number, line in enumerate(lines, start=1))


def at_returns(line: str) -> list[str]:
    r"""``line`` cut behind each ``\r`` that ends a line of its own, as old spreadsheets write."""
    return _LONE_RETURN.split(line) if "\r" in line else [line]


def megabytes(size: int) -> str:
    """A size in bytes as people read it: ``104.9 MB``."""
    return f"{size / 1e6:,.1f} MB"


def _too_long(file: BinaryIO, size: int) -> str:
    """What to say of a line that goes on; its size is counted without keeping it."""
    while size < _COUNTED_BYTES:
        part = file.readline(1 << 20)
        size += len(part)
        if not part or part.endswith(b"\n"):
            return f"a line of {megabytes(size)}; at most {megabytes(LONGEST_LINE_BYTES)} are read"
    return (
        f"a line of more than {megabytes(size)}; at most {megabytes(LONGEST_LINE_BYTES)} are read"
    )


def _decoded(line: bytes, path: Path, number: int) -> str:
    if number == 1:
        if line.startswith(_UTF16):
            raise BadData(f"{path}: the file is in UTF-16; save it as UTF-8")
        line = line.removeprefix(_BOM)
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadData(
            f"{path}:{number}: not UTF-8 (byte 0x{line[error.start]:02x} at position "
            f"{error.start + 1} of the line); save the file as UTF-8"
        ) from None
