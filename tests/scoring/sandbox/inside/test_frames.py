from __future__ import annotations

import io

import pytest

from evalsuite.scoring.sandbox.inside.frames import pack, unpack


def test_messages_and_files_arrive_as_they_were_however_they_are_cut() -> None:
    files = {"a/b": b"\x00\xff" * 700_000, "empty": b""}
    line = io.BytesIO(pack({"x": [1, "é"]}, files) + pack({}, {}))
    assert unpack(lambda most: line.read(min(most, 12_345))) == ({"x": [1, "é"]}, files)
    assert unpack(line.read) == ({}, {})
    with pytest.raises(EOFError):
        unpack(line.read)


def test_a_line_that_breaks_off() -> None:
    data = pack({"x": 1}, {"f": b"12345"})
    for length in (0, 3, 9, len(data) - 1):
        with pytest.raises(EOFError):
            unpack(io.BytesIO(data[:length]).read)
