"""The filter, run by an interpreter of classic BPF written from the kernel's documentation.

Numbers of system calls: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic.
"""

from __future__ import annotations

import struct

import pytest

from evalsuite.scoring.sandbox.inside import kernel, seccomp

ALLOW, KILL = 0x7FFF0000, 0x80000000
EPERM, ENOSYS = 0x00050001, 0x00050026
X86, ARM = 0xC000003E, 0xC00000B7


def verdict(code: bytes, number: int, *args: int, architecture: int = X86) -> int:
    words = [*args, *[0] * (6 - len(args))]
    data = struct.pack("=IIQ6Q", number, architecture, 0, *words)
    steps = list(struct.iter_unpack("HBBI", code))
    place, register = 0, 0
    while True:
        operation, yes, no, constant = steps[place]
        place += 1
        match operation:
            case 0x20:
                (register,) = struct.unpack_from("=I", data, constant)
            case 0x15:
                place += yes if register == constant else no
            case 0x35:
                place += yes if register >= constant else no
            case 0x45:
                place += yes if register & constant else no
            case 0x06:
                return int(constant)
            case _:
                raise AssertionError(f"unknown operation {operation:#x}")


@pytest.fixture
def on_x86(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "MACHINE", "x86_64")


@pytest.mark.usefixtures("on_x86")
@pytest.mark.parametrize("processes", [False, True])
def test_calls_on_x86_64(processes: bool) -> None:
    code = seccomp.program(processes=processes)
    if_allowed = ALLOW if processes else EPERM
    thread, child, in_user_namespace = 0x3D0F00, 0x01200011, 0x10000011
    for number, args, expected in [
        (0, (), ALLOW),  # read
        (9, (), ALLOW),  # mmap
        (231, (), ALLOW),  # exit_group
        (101, (), EPERM),  # ptrace
        (165, (), EPERM),  # mount
        (272, (0x10000000,), EPERM),  # unshare
        (298, (), EPERM),  # perf_event_open
        (425, (), EPERM),  # io_uring_setup
        (435, (), ENOSYS),  # clone3
        (56, (thread,), ALLOW),  # clone
        (56, (child,), if_allowed),
        (56, (in_user_namespace,), EPERM),
        (56, (thread | 0x10000000,), EPERM),
        (57, (), if_allowed),  # fork
        (59, (), if_allowed),  # execve
        (41, (1,), ALLOW),  # socket(AF_UNIX)
        (41, (2,), EPERM),  # socket(AF_INET)
        (41, (16,), EPERM),  # socket(AF_NETLINK)
        (53, (1,), ALLOW),  # socketpair(AF_UNIX)
        (53, (10,), EPERM),
        (0x40000000, (), KILL),  # read in the x32 table
    ]:
        assert verdict(code, number, *args) == expected, number
    assert verdict(code, 0, architecture=0x40000003) == KILL  # 32-bit calls


def test_calls_on_aarch64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "MACHINE", "aarch64")
    code = seccomp.program(processes=False)
    for number, args, expected in [
        (63, (), ALLOW),  # read
        (117, (), EPERM),  # ptrace
        (40, (), EPERM),  # mount
        (220, (0x3D0F00,), ALLOW),  # clone of a thread
        (220, (17,), EPERM),  # clone of a process
        (221, (), EPERM),  # execve
        (198, (2,), EPERM),  # socket(AF_INET)
        (435, (), ENOSYS),  # clone3
    ]:
        assert verdict(code, number, *args, architecture=ARM) == expected, number
    assert verdict(code, 63, architecture=X86) == KILL


@pytest.mark.skipif(not seccomp.available(), reason="this kernel has no seccomp filters")
def test_the_kernel_takes_the_filter() -> None:
    # More than that is shown by the attacks of tests/scoring/sandbox/test_attacks.py.
    assert len(seccomp.program(processes=True)) % 8 == 0
    assert len(seccomp.program(processes=True)) // 8 < 4096
