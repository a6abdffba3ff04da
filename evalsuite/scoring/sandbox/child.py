"""The candidate's side of the wall: a script that holds a program and never a test.

Run as ``python -I -S child.py PLAN`` by :mod:`evalsuite.scoring.sandbox.host`; imports nothing of
this package. Three processes share the work::

    outer   (namespaces only) waits for the keeper, so that the trusted side has a child to reap
    keeper  trusted: builds the walls, kills the candidate when the lifeline closes, tells its end
    candidate   gives up every right, then runs the program and answers calls

The lifeline is standard input: when the trusted side closes it, or dies, everything here ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import sys
import types
from typing import Any, NoReturn

Wire = None | bool | int | float | str | list[Any] | dict[str, Any]

_SAFE_INTEGER = 2**63
# Start-up is paid for every candidate, and `signal` would bring `enum`.
_SIGKILL = 9


class NotPlain(Exception):
    """A value that is not made of builtin data, or is nested too deeply."""


# --- values -------------------------------------------------------------------------------------


def encode(value: Any) -> Wire:
    """Plain data as JSON-able data; subclasses of builtins lose everything but their content.

    Lists, strings, booleans, None and usual numbers stand for themselves; anything else is a
    one-entry mapping from its type name to its content.

    Raises:
        NotPlain: For anything that is not builtin data.
    """
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        text = str.__str__(value)
        # JSON carries lone surrogates as escapes, so every Python string survives.
        return text
    if isinstance(value, int):
        number = int.__int__(value)
        return number if abs(number) < _SAFE_INTEGER else {"int": hex(number)}
    if isinstance(value, float):
        real = float.__float__(value)
        return real if real - real == 0 else {"float": repr(real)}
    if isinstance(value, list):
        return [encode(item) for item in list.__iter__(value)]
    if isinstance(value, tuple):
        return {"tuple": [encode(item) for item in tuple.__iter__(value)]}
    if isinstance(value, dict):
        return {"dict": [[encode(key), encode(item)] for key, item in dict.items(value)]}
    if isinstance(value, set):
        return {"set": [encode(item) for item in set.__iter__(value)]}
    if isinstance(value, frozenset):
        return {"frozenset": [encode(item) for item in frozenset.__iter__(value)]}
    if isinstance(value, bytes):
        return {"bytes": bytes.hex(value)}
    if isinstance(value, complex):
        return {"complex": [encode(value.real), encode(value.imag)]}
    raise NotPlain(f"a {type(value).__name__} is not plain data")


def decode(wire: Any) -> Any:
    """The value that :func:`encode` wrote. Whatever comes in, only builtin data comes out.

    Raises:
        NotPlain: If the message is malformed.
    """
    if isinstance(wire, list):
        return [decode(item) for item in wire]
    if not isinstance(wire, dict):
        return wire
    if len(wire) != 1:
        raise NotPlain("malformed value")
    ((kind, content),) = wire.items()
    try:
        return _decode_tagged(kind, content)
    except (TypeError, ValueError, AttributeError) as error:
        raise NotPlain(f"malformed {kind}") from error


def _decode_tagged(kind: str, content: Any) -> Any:
    match kind:
        case "int":
            return int(content, 16)
        case "float":
            return float(content)
        case "tuple":
            return tuple(decode(item) for item in content)
        case "dict":
            return {decode(key): decode(item) for key, item in content}
        case "set":
            return {decode(item) for item in content}
        case "frozenset":
            return frozenset(decode(item) for item in content)
        case "bytes":
            return bytes.fromhex(content)
        case "complex":
            real, imaginary = content
            return complex(decode(real), decode(imaginary))
    raise NotPlain(f"unknown kind of value {kind!r}")


# --- the candidate ------------------------------------------------------------------------------


def _serve(channel: int) -> NoReturn:
    """Load the program of the first message, then answer calls until the channel closes."""
    incoming, outgoing = os.fdopen(channel, "rb"), os.fdopen(os.dup(channel), "wb")

    def reply(message: dict[str, Any]) -> None:
        outgoing.write(json.dumps(message).encode() + b"\n")
        outgoing.flush()

    reply({"ready": True})
    module = types.ModuleType("solution")
    sys.modules["solution"] = module
    for line in incoming:
        request = json.loads(line)
        answer: dict[str, Any] = {"id": request["id"]}
        try:
            if "source" in request:
                exec(compile(request["source"], "<solution>", "exec"), module.__dict__)
                answer["value"] = None
            else:
                function = module.__dict__[request["function"]]
                answer["value"] = encode(function(*decode(request["args"])))
        except MemoryError:
            answer["failed"] = "memory"
        except NotPlain as error:
            answer["failed"], answer["message"] = "not_plain", str(error)
        except BaseException as error:
            # SystemExit and KeyboardInterrupt too: leaving early is no way to pass.
            answer["failed"] = "raised"
            answer["message"] = f"{type(error).__name__}: {_shown(error)}"
        reply(answer)
    os._exit(0)


def _shown(error: BaseException) -> str:
    try:
        return str(error)[:500]
    except BaseException:  # its __str__ is the candidate's
        return ""


def _restrict(plan: dict[str, Any]) -> None:
    limits = {
        "RLIMIT_CPU": (plan["cpu_seconds"], plan["cpu_seconds"] + 1),
        "RLIMIT_AS": (plan["memory_bytes"],) * 2,
        "RLIMIT_FSIZE": (plan["file_bytes"],) * 2,
        "RLIMIT_NOFILE": (64, 64),
        "RLIMIT_NPROC": (plan["processes"],) * 2,
        "RLIMIT_CORE": (0, 0),
    }
    if plan["tier"] == "process":
        # Counted over all processes of this user, so a small number would stop the first thread.
        del limits["RLIMIT_NPROC"]
    for name, values in limits.items():
        if name == "RLIMIT_AS" and sys.platform == "darwin":
            continue  # macOS refuses it
        resource.setrlimit(getattr(resource, name), values)
    if plan["tier"] == "namespaces":
        _drop_capabilities()


# --- the walls (Linux) --------------------------------------------------------------------------

_CLONE_NEWNS, _CLONE_NEWUTS, _CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
_CLONE_NEWUSER, _CLONE_NEWPID, _CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
_MS_NOSUID, _MS_NODEV, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4, 4096, 16384, 1 << 18
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_SYS_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE = 442, -100, 0x8000
_ATTR_READ_ONLY_NOSUID_NODEV = 1 | 2 | 4
_CAPABILITY_VERSION_3 = 0x20080522
# Only these parts of the machine are seen, read-only: the interpreter and its shared libraries.
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib")
_SCRATCH = "/scratch"  # not /tmp, which may be where the interpreter lies


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _enter_namespaces() -> None:
    """New user, process, network, mount, IPC and host name spaces; no user namespace below."""
    user, group = os.geteuid(), os.getegid()
    flags = _CLONE_NEWUSER | _CLONE_NEWPID | _CLONE_NEWNET
    flags |= _CLONE_NEWNS | _CLONE_NEWIPC | _CLONE_NEWUTS
    _check(_libc().unshare(flags), "unshare")
    for name, text in (
        ("/proc/self/setgroups", "deny"),
        ("/proc/self/uid_map", f"1000 {user} 1"),
        ("/proc/self/gid_map", f"1000 {group} 1"),
        ("/proc/sys/user/max_user_namespaces", "0"),
    ):
        with open(name, "w") as file:
            file.write(text)


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None) -> None:
    encoded = [text.encode() if text else None for text in (source, target, kind)]
    extra = data.encode() if data else None
    _check(_libc().mount(*encoded, ctypes.c_ulong(flags), extra), f"mount {source} on {target}")


def _build_root(root: str, file_bytes: int) -> None:
    """A file system of the interpreter (read-only) and an empty scratch folder, nothing else."""
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE, None)
    _mount("tmpfs", root, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=64k,mode=755")
    for path in dict.fromkeys((sys.base_prefix, sys.base_exec_prefix, *_LIBRARIES)):
        if not os.path.isdir(path):
            continue
        inside = root + os.path.realpath(path)
        if not os.path.isdir(inside):
            os.makedirs(inside, exist_ok=True)
        if os.path.islink(path) and not os.path.lexists(root + path):
            os.makedirs(os.path.dirname(root + path), exist_ok=True)
            os.symlink(os.path.realpath(path), root + path)
        _mount(os.path.realpath(path), inside, None, _MS_BIND | _MS_REC, None)
    os.makedirs(root + _SCRATCH)
    if not os.path.lexists(root + "/tmp"):
        os.symlink(_SCRATCH, root + "/tmp")
    attributes = (ctypes.c_uint64 * 4)(_ATTR_READ_ONLY_NOSUID_NODEV, 0, 0, 0)
    outcome = _libc().syscall(
        ctypes.c_long(_SYS_MOUNT_SETATTR),
        ctypes.c_int(_AT_FDCWD),
        root.encode(),
        ctypes.c_uint(_AT_RECURSIVE),
        ctypes.byref(attributes),
        ctypes.c_size_t(ctypes.sizeof(attributes)),
    )
    _check(outcome, "mount_setattr")
    size = f"size={16 * file_bytes}"
    _mount("tmpfs", root + _SCRATCH, "tmpfs", _MS_NOSUID | _MS_NODEV, size)
    os.chroot(root)
    os.chdir(_SCRATCH)


def _drop_capabilities() -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _check(_libc().capset(ctypes.byref(header), ctypes.byref(nothing)), "capset")
    _check(_libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")


# --- the keeper ---------------------------------------------------------------------------------


def _keep(candidate: int, ended: int) -> None:
    """Wait for the lifeline to close, end the candidate and all it started, tell how it ended."""
    os.read(0, 1)
    for kill in (os.killpg, os.kill):
        # It may have ended by itself, or not have made its group yet.
        with contextlib.suppress(ProcessLookupError):
            kill(candidate, _SIGKILL)
    _, status, usage = os.wait4(candidate, 0)
    by_signal = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
    cpu_seconds = usage.ru_utime + usage.ru_stime
    os.write(ended, json.dumps({"signal": by_signal, "cpu_seconds": cpu_seconds}).encode())


def _be_candidate(plan: dict[str, Any], null: int) -> NoReturn:
    os.setsid()
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)
    os.close(plan["ended"])
    _restrict(plan)
    _serve(plan["channel"])


def _fork_candidate(plan: dict[str, Any]) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    if plan["tier"] == "namespaces":
        _check(_libc().prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0), "death signal")
        _build_root(plan["folder"], plan["file_bytes"])
    candidate = os.fork()
    if candidate == 0:
        _be_candidate(plan, null)
    os.close(plan["channel"])
    _keep(candidate, plan["ended"])


def main() -> None:
    """Build the walls that the plan asks for and run the candidate behind them."""
    plan = json.loads(sys.argv.pop())
    try:
        if plan["tier"] == "namespaces":
            _enter_namespaces()
            keeper = os.fork()
            if keeper:
                os.close(plan["channel"])
                os.close(plan["ended"])
                os.waitpid(keeper, 0)
                return
        _fork_candidate(plan)
    except OSError as error:
        os.write(plan["ended"], json.dumps({"broken": str(error)}).encode())
        os._exit(1)


if __name__ == "__main__":
    main()
