"""System calls that no candidate needs, refused by the kernel: a seccomp filter in plain BPF.

The filter names what is refused, since a list of what is allowed differs between C libraries and
runtimes. It is a second wall: what it refuses is mostly without effect in the namespaces already.
Refused calls give EPERM, so that programs fail as on any locked-down machine.
"""

from __future__ import annotations

import ctypes
import errno
import struct
from collections.abc import Sequence

from evalsuite.scoring.sandbox.inside import kernel

# (x86_64, aarch64); None where the machine has no such call.
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    # name spaces and file systems
    "unshare": (272, 97),
    "setns": (308, 268),
    "chroot": (161, 51),
    "pivot_root": (155, 41),
    "mount": (165, 40),
    "umount2": (166, 39),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "quotactl": (179, 60),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    # parts of the kernel with a history of holes
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "memfd_secret": (447, 447),
    "personality": (135, 92),
    # memory that no limit of a process counts
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    # the machine
    "reboot": (169, 142),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "acct": (163, 89),
    "syslog": (103, 116),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "iopl": (172, None),
    "ioperm": (173, None),
}
# A function that is called needs no process of its own, as in the official harnesses.
_REFUSED_TO_FUNCTIONS: dict[str, tuple[int | None, int | None]] = {
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
}
_CLONE, _CLONE3 = (56, 220), (435, 435)
_SOCKET, _SOCKETPAIR = (41, 198), (53, 199)
_PRCTL, _PR_SET_PDEATHSIG = (157, 167), 1
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32 = 0x40000000
_AF_UNIX = 1
_NAMESPACES = (
    kernel.CLONE_NEWNS
    | kernel.CLONE_NEWCGROUP
    | kernel.CLONE_NEWUTS
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUSER
    | kernel.CLONE_NEWPID
    | kernel.CLONE_NEWNET
)

_LOAD, _EQUAL, _GREATER_EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_SET_MODE_FILTER, _GET_ACTION_AVAILABLE = 1, 2

Instruction = tuple[int, int, int, int]


def available() -> bool:
    """Whether this kernel takes filters."""
    action = ctypes.c_uint32(_KILL)
    try:
        kernel.call("seccomp", _GET_ACTION_AVAILABLE, 0, ctypes.byref(action))
    except (OSError, KeyError):
        return False
    return True


def _refuse(number: int) -> int:
    return 0x00050000 | number


def _returns(value: int) -> Instruction:
    return (_RETURN, 0, 0, value)


def program(*, processes: bool) -> bytes:
    """The filter as the kernel reads it: 8 bytes an instruction.

    Args:
        processes: Whether the candidate may start processes and programs of its own.
    """
    column = 0 if kernel.MACHINE == "x86_64" else 1
    table = _REFUSED if processes else _REFUSED | _REFUSED_TO_FUNCTIONS
    numbers = sorted(pair[column] for pair in table.values() if pair[column] is not None)  # type: ignore[type-var]
    code: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _AUDIT_ARCH[kernel.MACHINE]),
        _returns(_KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_GREATER_EQUAL, 0, 1, _X32),
        _returns(_KILL),
        (_EQUAL, 0, 1, _CLONE3[column]),
        # Its flags lie in memory, where a filter cannot look; C libraries then use clone.
        _returns(_refuse(errno.ENOSYS)),
    ]
    for number in numbers:
        code += [(_EQUAL, 0, 1, number or 0), _returns(_refuse(errno.EPERM))]
    code += _guarded(_CLONE[column], _clone_rule(processes))
    for sockets in (_SOCKET[column], _SOCKETPAIR[column]):
        code += _guarded(sockets, [(_EQUAL, 1, 0, _AF_UNIX), _returns(_refuse(errno.EPERM))])
    # Else a candidate could outlive what is to end it.
    keep_dying = [(_EQUAL, 0, 1, _PR_SET_PDEATHSIG), _returns(_refuse(errno.EPERM))]
    code += _guarded(_PRCTL[column], keep_dying)
    code.append(_returns(_ALLOW))
    return b"".join(struct.pack("HBBI", *step) for step in code)


def _clone_rule(processes: bool) -> Sequence[Instruction]:
    """Nothing with new name spaces; without ``processes`` threads only."""
    rule = [(_ANY_BIT, 0, 1, _NAMESPACES), _returns(_refuse(errno.EPERM))]
    if not processes:
        rule += [(_ANY_BIT, 1, 0, kernel.CLONE_THREAD), _returns(_refuse(errno.EPERM))]
    return rule


def _guarded(number: int, rule: Sequence[Instruction]) -> list[Instruction]:
    """``rule`` on the low word of the first argument of one call; others go past it."""
    body = [(_LOAD, 0, 0, _FIRST_ARGUMENT), *rule, (_LOAD, 0, 0, _NUMBER)]
    return [(_EQUAL, 0, len(body), number), *body]


def install(code: bytes) -> None:
    """Filter this process and all that it starts, for good. Needs no_new_privs."""
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer))
    kernel.call("seccomp", _SET_MODE_FILTER, 0, ctypes.create_string_buffer(header), what="seccomp")
