"""The few system calls of Linux that the walls need and Python does not offer.

Everything goes through ``ctypes``, so that isolation needs no extra package. Numbers are those of
the kernel's ``include/uapi`` headers.
"""

from __future__ import annotations

import ctypes
import os
import sys

CLONE_THREAD = 0x00010000
CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV = 1, 2, 4

_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_SIGCHLD = 17
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
_CAPABILITY_VERSION_3 = 0x20080522
_LAST_CAPABILITY = 63  # the kernel refuses those above its own last one

# Same number everywhere since the tables were unified (Linux 5.1).
_CLONE3, _MOUNT_SETATTR = 435, 442
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
_NUMBERS = {
    "x86_64": {"pivot_root": 155, "capset": 126, "perf_event_open": 298, "seccomp": 317},
    "aarch64": {"pivot_root": 41, "capset": 91, "perf_event_open": 241, "seccomp": 277},
}
MACHINE = os.uname().machine
SUPPORTED = sys.platform.startswith("linux") and MACHINE in _NUMBERS

# PyDLL keeps the interpreter's lock: nothing here blocks, and a clone must not lose it.
_libc = ctypes.PyDLL(None, use_errno=True)
if SUPPORTED:
    _prctl = _libc.prctl
    _prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def call(number: int | str, *args: object, what: str = "") -> int:
    """A system call by number, or by name where the number depends on the machine.

    Args:
        number: The number, or a name of this module's table.
        args: Integers (passed as machine words), bytes, or ctypes objects.
        what: Named in the error.

    Raises:
        OSError: With the kernel's reason.
    """
    code = _NUMBERS[MACHINE][number] if isinstance(number, str) else number
    words = [ctypes.c_long(arg) if isinstance(arg, int) else arg for arg in args]
    return _checked(_libc.syscall(ctypes.c_long(code), *words), what or str(number))


def clone(namespaces: int) -> int:
    """Fork into new namespaces; 0 in the child. The caller must have one thread only."""
    arguments = (ctypes.c_uint64 * 11)(namespaces, 0, 0, 0, _SIGCHLD)
    return call(_CLONE3, arguments, ctypes.sizeof(arguments), what="clone3")


def unshare(namespaces: int) -> None:
    """Move this process into new namespaces."""
    _checked(_libc.unshare(ctypes.c_int(namespaces)), "unshare")


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Mount something, or change a mount."""
    texts = [text.encode() if text else None for text in (source, target, kind)]
    options = data.encode() if data else None
    _checked(
        _libc.mount(*texts, ctypes.c_ulong(flags), options), f"mount {kind or source} on {target}"
    )


def detach(target: str) -> None:
    """Take a mount and all below it out of sight at once."""
    _checked(_libc.umount2(target.encode(), ctypes.c_int(MNT_DETACH)), f"umount {target}")


def set_attributes(target: str, attributes: int) -> None:
    """Set mount attributes on ``target`` and on every mount below it (Linux 5.12)."""
    wanted = (ctypes.c_uint64 * 4)(attributes, 0, 0, 0)
    size = ctypes.sizeof(wanted)
    path = target.encode()
    call(_MOUNT_SETATTR, _AT_FDCWD, path, _AT_RECURSIVE, wanted, size, what="mount_setattr")


def pivot_root() -> None:
    """Make the working directory, which is a mount, the root; the old root is gone."""
    call("pivot_root", b".", b".", what="pivot_root")
    detach(".")
    os.chdir("/")


def die_with_parent() -> None:
    """SIGKILL for this process when its parent ends."""
    _checked(_prctl(_PR_SET_PDEATHSIG, 9, 0, 0, 0), "death signal")


def hide_memory() -> None:
    """No process of the same user may look into this one."""
    _checked(_prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0), "dumpable")


def show_memory() -> None:
    """Undo what a change of user does to a process: its /proc entries are its own again."""
    _checked(_prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0), "dumpable")


def no_new_privileges() -> None:
    """No program that this process starts gains rights; needed by seccomp and Landlock."""
    _checked(_prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")


def drop_capabilities() -> None:
    """Give up every capability for good: the bounding set too."""
    for capability in range(_LAST_CAPABILITY + 1):
        if _prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    call("capset", header, (ctypes.c_uint32 * 6)(), what="capset")
