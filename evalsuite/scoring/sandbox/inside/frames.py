"""Messages on a keeper's line, both ways: 8 bytes of length, that much JSON, then files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

_LENGTH_BYTES = 8
_MOST_AT_ONCE = 1 << 20


def pack(message: Mapping[str, Any], files: Mapping[str, bytes]) -> bytes:
    """A message with files as it goes over the line."""
    sizes = [[name, len(content)] for name, content in files.items()]
    data = json.dumps({**message, "files": sizes}).encode()
    return b"".join((len(data).to_bytes(_LENGTH_BYTES, "big"), data, *files.values()))


def unpack(read: Callable[[int], bytes]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The next message and its files.

    Args:
        read: Gives at most so many bytes, none at the end of the line.

    Raises:
        EOFError: If the line ends before the message does.
    """

    def exactly(count: int) -> bytes:
        parts: list[bytes] = []
        while count:
            part = read(min(count, _MOST_AT_ONCE))
            if not part:
                raise EOFError
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    message = dict(json.loads(exactly(int.from_bytes(exactly(_LENGTH_BYTES), "big"))))
    return message, {name: exactly(size) for name, size in message.pop("files")}
