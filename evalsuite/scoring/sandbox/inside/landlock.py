"""Landlock, where the kernel has it: the candidate bars itself from what the mounts also bar.

Reading and running are allowed everywhere in the small file system; writing only in the scratch
folder and to device files; no TCP; no signal and no abstract socket to the outside.
"""

from __future__ import annotations

import ctypes
import os
import struct

from evalsuite.scoring.sandbox.inside import kernel

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE = 1, 2, 4, 8, 1 << 14
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
# Last right on files that each version of the interface knows.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_TCP, _SCOPES = 3, 3
_VERSION_QUERY, _PATH_BENEATH = 1, 1


def version() -> int:
    """Version of the interface that this kernel offers; 0 where there is none."""
    try:
        return kernel.call(kernel.LANDLOCK_CREATE_RULESET, 0, 0, _VERSION_QUERY)
    except OSError:
        return 0


def restrict(abi: int, scratch: str) -> None:
    """Bar this process and all that it starts, for good. Needs no_new_privs.

    Args:
        abi: What :func:`version` gave.
        scratch: The only folder to write in.
    """
    everything = (1 << _FILE_RIGHTS[min(abi, 5)]) - 1
    fields = [everything]
    fields += [_TCP] if abi >= 4 else []
    fields += [_SCOPES] if abi >= 6 else []
    attributes = (ctypes.c_uint64 * len(fields))(*fields)
    rules = kernel.call(
        kernel.LANDLOCK_CREATE_RULESET, attributes, ctypes.sizeof(attributes), 0, what="landlock"
    )
    look = _READ_FILE | _READ_DIR | _EXECUTE
    _allow(rules, "/", look & everything)
    _allow(rules, "/dev", (look | _WRITE_FILE | _TRUNCATE) & everything)
    _allow(rules, scratch, everything & ~(_MAKE_CHAR | _MAKE_BLOCK))
    kernel.call(kernel.LANDLOCK_RESTRICT_SELF, rules, 0, what="landlock")
    os.close(rules)


def _allow(rules: int, folder: str, rights: int) -> None:
    file = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, file), 12)
    kernel.call(kernel.LANDLOCK_ADD_RULE, rules, _PATH_BENEATH, rule, 0, what="landlock")
    os.close(file)
