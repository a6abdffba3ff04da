"""What a candidate sees of the machine: name spaces, users and a file system of its own.

Built in two steps. The zygote makes a small read-only tree once, in name spaces of its own, and
moves into it. Each candidate gets fresh name spaces below those, an empty scratch folder, and no
way to the tree's outside.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from collections.abc import Iterable, Sequence
from typing import Any

from evalsuite.scoring.sandbox.inside import kernel, landlock, seccomp

SCRATCH = "/scratch"
"""The candidate's working folder, the only one it can write in."""

CANDIDATE_ID = 1000
"""User and group that a candidate sees itself as."""

_NOBODY = 65534
_ZYGOTE = (
    kernel.CLONE_NEWUSER
    | kernel.CLONE_NEWNS
    | kernel.CLONE_NEWNET
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUTS
)
CANDIDATE = _ZYGOTE | kernel.CLONE_NEWPID
"""Name spaces that are new for each candidate."""

_DEVICES = tuple(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom"))
_LINKS = {
    "/tmp": SCRATCH,
    "/var/tmp": SCRATCH,
    "/dev/fd": "/proc/self/fd",
    "/dev/stdin": "/proc/self/fd/0",
    "/dev/stdout": "/proc/self/fd/1",
    "/dev/stderr": "/proc/self/fd/2",
}
_FOLDER = "/inside"  # in the zygote's tree: what becomes the candidate's root
_RIGHTS = kernel.MS_NOSUID | kernel.MS_NODEV


# --- once, in the zygote ------------------------------------------------------------------------


def enclose(settings: dict[str, Any]) -> str:
    """Put this process into name spaces with a small tree; says as whom the candidates will run.

    Args:
        settings: ``base``, any existing folder, which is covered in this process's name space
            only; ``visible``, folders and files to show read-only under their own paths;
            ``hidden``, folders in those that look empty; ``shown``, what is visible all the same.

    Returns:
        "nobody" where this process was root, "own user" otherwise.

    Raises:
        OSError: If the kernel does not allow it; the text says which step.
    """
    who = _enter_user_namespace()
    # Opened as who this process was: "nobody" may not reach them by name, and the base may
    # cover them.
    visible = [(path, os.open(path, os.O_PATH)) for path in outermost(settings["visible"])]
    shown = [(path, os.open(path, os.O_PATH)) for path in settings["shown"]]
    devices = [(path, os.open(path, os.O_PATH)) for path in _DEVICES]
    proc, base = os.open("/proc", os.O_PATH), os.open(settings["base"], os.O_PATH)
    if who == "nobody":
        os.setgroups([])
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
        kernel.show_memory()  # else /proc/self belongs to the machine's root
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("tmpfs", f"/proc/self/fd/{base}", "tmpfs", _RIGHTS, "size=64k,mode=755")
    os.chdir(settings["base"])
    _build(f".{_FOLDER}", settings, visible, shown, devices)
    os.mkdir("proc")
    kernel.mount(f"/proc/self/fd/{proc}", "proc", flags=kernel.MS_BIND | kernel.MS_REC)
    for _, file in [*visible, *shown, *devices, ("", proc), ("", base)]:
        os.close(file)
    kernel.pivot_root()
    socket.sethostname("sandbox")
    return who


Opened = list[tuple[str, int]]


def _build(
    root: str, settings: dict[str, Any], visible: Opened, shown: Opened, devices: Opened
) -> None:
    """The tree that becomes the candidates' root: read-only but for an empty scratch folder."""
    os.mkdir(root)
    kernel.mount("tmpfs", root, "tmpfs", _RIGHTS, "size=256k,mode=755")
    for path, file in visible:
        _show(file, root + path)
    _link_aliases(root, settings["visible"])
    for path in settings["hidden"]:
        if os.path.isdir(root + path):
            kernel.mount("tmpfs", root + path, "tmpfs", _RIGHTS, "size=64k,mode=755")
    for path, file in shown:
        _show(file, root + path)
    for folder in (SCRATCH, "/proc", "/dev"):
        os.makedirs(root + folder, exist_ok=True)
    for name, target in _LINKS.items():
        _link(target, root + name)
    for path, _ in devices:
        os.close(os.open(root + path, os.O_CREAT | os.O_WRONLY, 0o644))
    readable = kernel.MOUNT_ATTR_RDONLY | kernel.MOUNT_ATTR_NOSUID | kernel.MOUNT_ATTR_NODEV
    kernel.set_attributes(root, readable)
    for path, file in devices:
        kernel.mount(f"/proc/self/fd/{file}", root + path, flags=kernel.MS_BIND)


def _enter_user_namespace() -> str:
    """New name spaces; root of the machine becomes nobody, so that its files are out of reach."""
    user, group = os.geteuid(), os.getegid()
    if user != 0 or not _can_name(_NOBODY):
        kernel.unshare(_ZYGOTE)
        _map_ids(0, user, group)
        return "own user"
    # Only a process outside can map other ids than its own.
    ready, mapped = os.pipe(), os.pipe()
    parent = os.getpid()
    helper = os.fork()
    if helper == 0:
        os.close(ready[1])
        try:
            if not os.read(ready[0], 1):  # the parent failed
                os._exit(1)
            for name in ("uid_map", "gid_map"):
                _write(f"/proc/{parent}/{name}", f"0 {_NOBODY} 1")
            os.write(mapped[1], b"y")
        finally:
            os._exit(0)
    kernel.unshare(_ZYGOTE)
    os.write(ready[1], b"x")
    os.waitpid(helper, 0)
    os.close(mapped[1])
    done = os.read(mapped[0], 1)
    for file in (*ready, mapped[0]):
        os.close(file)
    if not done:
        raise PermissionError(1, "root may not become nobody here (no right to map user ids)")
    return "nobody"


def _can_name(user: int) -> bool:
    """Whether this name space knows the user; "root" of a small one is an ordinary user outside."""
    with open("/proc/self/uid_map") as ranges:
        spans = [tuple(map(int, line.split())) for line in ranges]
    return any(first <= user < first + count for first, _, count in spans)


def _map_ids(inside: int, user: int, group: int) -> None:
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{inside} {user} 1")
    _write("/proc/self/gid_map", f"{inside} {group} 1")


def _write(path: str, text: str) -> None:
    file = os.open(path, os.O_WRONLY)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)


def outermost(paths: Iterable[str]) -> list[str]:
    """Real paths that exist, without those that lie in another of them."""
    found: list[str] = []
    for path in sorted({os.path.realpath(path) for path in paths if os.path.exists(path)}):
        if not any(path.startswith(f"{above}/") or path == above for above in found):
            found.append(path)
    return found


def _show(file: int, target: str) -> None:
    if stat.S_ISDIR(os.fstat(file).st_mode):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    kernel.mount(f"/proc/self/fd/{file}", target, flags=kernel.MS_BIND | kernel.MS_REC)


def _link_aliases(root: str, visible: Iterable[str]) -> None:
    """Paths that are links (``/lib`` on most machines) are links inside too."""
    for path in visible:
        real = os.path.realpath(path)
        if path != real and os.path.lexists(root + real):
            _link(real, root + path)


def _link(real: str, path: str) -> None:
    if not os.path.lexists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.symlink(real, path)


# --- for each candidate -------------------------------------------------------------------------


def enter(scratch_bytes: int, kind: str) -> None:
    """In fresh name spaces: leave the zygote's tree for one with an empty scratch folder.

    Args:
        scratch_bytes: Room for files, all together.
        kind: What will run. A "program" may be compiled here, so files can be executed; it and a
            "script" see a /proc of their own processes; a "function" has neither.
    """
    _map_ids(CANDIDATE_ID, 0, 0)
    # Behind seccomp, which refuses new ones already; /proc may be read-only in a container.
    with contextlib.suppress(OSError):
        _write("/proc/sys/user/max_user_namespaces", "0")
    with contextlib.suppress(OSError):
        _write("/proc/self/oom_score_adj", "1000")
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    # A copy of the tree: the inherited mount is locked in its place.
    kernel.mount(_FOLDER, _FOLDER, flags=kernel.MS_BIND | kernel.MS_REC)
    options = f"size={scratch_bytes},nr_inodes=4096,mode=755,uid={CANDIDATE_ID},gid={CANDIDATE_ID}"
    flags = _RIGHTS if kind == "program" else _RIGHTS | kernel.MS_NOEXEC
    kernel.mount("tmpfs", _FOLDER + SCRATCH, "tmpfs", flags, options)
    if kind != "function":
        flags = _RIGHTS | kernel.MS_NOEXEC | kernel.MS_RDONLY
        kernel.mount("proc", f"{_FOLDER}/proc", "proc", flags)
    os.chdir(_FOLDER)
    kernel.pivot_root()
    os.chdir(SCRATCH)


def give_up_rights(features: Sequence[str], filter_code: bytes) -> None:
    """The candidate's last step before strangers' code: nothing of this can be undone.

    Args:
        features: What :func:`features` found on this machine.
        filter_code: The seccomp program.
    """
    kernel.drop_capabilities()
    kernel.no_new_privileges()
    for feature in features:
        if feature.startswith("landlock "):
            landlock.restrict(int(feature.removeprefix("landlock ")), SCRATCH)
    if "seccomp" in features:
        seccomp.install(filter_code)


def features() -> list[str]:
    """Second walls that this kernel offers."""
    found = ["seccomp"] if seccomp.available() else []
    version = landlock.version()
    return [*found, f"landlock {version}"] if version else found
