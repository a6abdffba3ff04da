"""How many instructions a program took, where the kernel and the machine let a process ask.

User-space instructions of one process and all that it starts, by ``perf_event_open``. Most virtual
machines have no counter; that is unknown, not zero.
"""

from __future__ import annotations

import ctypes
import os
import struct

from evalsuite.scoring.sandbox.inside import kernel

_HARDWARE, _INSTRUCTIONS = 0, 1
_DISABLED, _INHERIT, _NO_KERNEL, _NO_HYPERVISOR, _ON_EXEC = 1, 2, 1 << 5, 1 << 6, 1 << 12
_CLOSE_ON_EXEC = 8
_ATTRIBUTE_BYTES = 128


def open_counter(process: int) -> int | None:
    """A counter of ``process`` and its children, which starts when it executes a program.

    Args:
        process: Its id; 0 for the caller.

    Returns:
        A file descriptor, or None where there is no counter or no right to it.
    """
    try:
        return _open(process) if kernel.SUPPORTED else None
    except OSError:
        return None


def obstacle() -> str | None:
    """Why instructions cannot be counted here; None if they can."""
    if not kernel.SUPPORTED:
        return "this system has no perf_event_open that is known here"
    try:
        os.close(_open(0))
    except PermissionError:
        return "not allowed: sysctl kernel.perf_event_paranoid=2"
    except OSError as error:
        return f"the processor shows no counter, as in most virtual machines ({error.strerror})"
    return None


def _open(process: int) -> int:
    flags = _DISABLED | _INHERIT | _NO_KERNEL | _NO_HYPERVISOR | _ON_EXEC
    attributes = ctypes.create_string_buffer(
        struct.pack("=IIQ24xQ", _HARDWARE, _ATTRIBUTE_BYTES, _INSTRUCTIONS, flags), _ATTRIBUTE_BYTES
    )
    return kernel.call(
        "perf_event_open", attributes, process, -1, -1, _CLOSE_ON_EXEC, what="perf_event_open"
    )


def read_counter(file: int) -> int:
    """Instructions counted so far; children count once they have ended."""
    (count,) = struct.unpack("=Q", os.read(file, 8))
    return int(count)
