"""Events for machines: one JSON object a line, and nothing else."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import msgspec

from evalsuite.errors import UserError
from evalsuite.running.events import Event


class EventLines:
    """Writes every Event to ``file``, and at the end an object of kind "done"."""

    def __init__(self, file: TextIO) -> None:
        """``file`` is usually stdout."""
        self._file = file

    def begin(self) -> None:
        """Nothing to take."""

    def show(self, events: Sequence[Event]) -> None:
        """Write ``events``. Raises UserError where nobody takes them: no reader, no disk space."""
        if events:
            self._write("".join([event_line(event) for event in events]))

    def done(self, path: Path, stopped: str | None) -> None:
        """Write where the run is, and what stopped it if a limit did."""
        about = {"kind": "done", "at": time.time(), "path": str(path)}
        self._write(_ascii(about if stopped is None else {**about, "stopped": stopped}))

    def end(self, *, failed: bool) -> None:
        """Nothing to give back."""

    def _write(self, text: str) -> None:
        try:
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            # What is still in the buffer would be an error again when the interpreter closes it.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._file.fileno())
            os.close(nowhere)
            raise UserError(
                f"the events could not be written ({error.strerror}); the run itself is saved"
            ) from None


def event_line(event: Event) -> str:
    """``event`` as JSON in ASCII, so that no text in it can drive a terminal; ends a line."""
    encoded = msgspec.json.encode(event)
    if encoded.isascii() and b"\x7f" not in encoded:
        return encoded.decode() + "\n"
    return _ascii(msgspec.to_builtins(event))


def _ascii(value: dict[str, object]) -> str:
    return json.dumps(value, separators=(",", ":")).replace("\x7f", "\\u007f") + "\n"
