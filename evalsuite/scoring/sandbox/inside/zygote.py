"""The clean process that candidates are forked from: it never held a test, a program or an answer.

Started by the trusted side as a fresh interpreter. Its one line gives it limits and descriptors for
each candidate; it forks the candidate or a keeper for it, and tells the process id. Programs,
arguments and values go between the trusted side and the candidate, past it.
"""

from __future__ import annotations

import array
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from typing import Any, NoReturn

from evalsuite.scoring.sandbox.inside import counters, keeper, kernel, nursery, seccomp, walls

# What model-written programs import most. Loading it once here saves each of them the time.
PRELOADED = (
    "bisect", "collections", "copy", "datetime", "decimal", "fractions", "functools", "hashlib",
    "heapq", "itertools", "json", "math", "operator", "random", "re", "statistics", "string",
    "textwrap", "typing",
)  # fmt: skip
_MOST_DESCRIPTORS = 4
_LOOK_MILLISECONDS = 50


def main(settings: dict[str, Any]) -> NoReturn:
    """Build the walls, then fork for each request until the line closes.

    Args:
        settings: ``tier``, ``line`` (descriptor), ``paths`` and ``packages`` (import these from
            there first), and what :func:`~.walls.enclose` needs.
    """
    # A process 1 is safe from its own candidates' signals only if it handles none.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    line = socket.socket(fileno=settings["line"])
    try:
        same, told = _prepare(settings)
    except BaseException as error:
        line.sendall(json.dumps({"broken": f"{type(error).__name__}: {error}"}).encode() + b"\n")
        os._exit(1)
    line.sendall(json.dumps(told).encode() + b"\n")
    _serve(line, same)


def _prepare(settings: dict[str, Any]) -> tuple[keeper.Ground, dict[str, Any]]:
    load(settings)
    sys.argv = [""]
    os.environ.clear()
    same = ground(settings["tier"])
    user = "own user"
    if same.tier == "full":
        user = walls.enclose(settings)
    forget_package()
    gc.collect()
    gc.freeze()  # candidates then copy fewer pages
    return same, {"user": user, "features": same.features, "counts": same.counts}


def load(settings: dict[str, Any]) -> None:
    """Import what candidates may want, from ``paths`` too."""
    sys.path += settings["paths"]
    for name in (*PRELOADED, *settings["packages"]):
        importlib.import_module(name)


def ground(tier: str) -> keeper.Ground:
    """What this kernel offers to all candidates of a tier."""
    features = tuple(walls.features() if tier != "none" else ())
    filters = {allowed: b"" for allowed in (False, True)}
    if "seccomp" in features:
        filters = {allowed: seccomp.program(processes=allowed) for allowed in (False, True)}
    counter = counters.open_counter(0)
    if counter is not None:
        os.close(counter)
    return keeper.Ground(tier, features, filters, counter is not None)


def forget_package() -> None:
    """Candidates cannot import this package: to them, only the standard library is there."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "evalsuite"]:
        del sys.modules[name]


def _serve(line: socket.socket, same: keeper.Ground) -> NoReturn:
    events = select.poll()
    events.register(line, select.POLLIN)
    children, keepers = nursery.Nursery(same, events), set[int]()
    open_line = True
    while open_line or children or keepers:
        busy = children or (keepers and not open_line)
        for file, _ in events.poll(_LOOK_MILLISECONDS if busy else None):
            if file != line.fileno():
                children.notice(file)
            elif (request := _request(line)) is None:
                # What still runs ends when its own line does.
                open_line = False
                events.unregister(line)
            else:
                _answer(line, same, request, children, keepers)
        children.look()
        keepers = {process for process in keepers if not os.waitpid(process, os.WNOHANG)[0]}
    os._exit(0)


Request = tuple[dict[str, Any], list[int]]


def _request(line: socket.socket) -> Request | None:
    """A plan and the descriptors that came with it; None when the line has closed."""
    descriptors = array.array("i")
    space = socket.CMSG_SPACE(_MOST_DESCRIPTORS * descriptors.itemsize)
    head, extra, _, _ = line.recvmsg(4, space)
    for _, _, data in extra:
        descriptors.frombytes(data)
    if not head:
        return None
    size = int.from_bytes(head, "big")
    return json.loads(line.recv(size, socket.MSG_WAITALL)), list(descriptors)


def _answer(
    line: socket.socket,
    same: keeper.Ground,
    request: Request,
    children: nursery.Nursery,
    keepers: set[int],
) -> None:
    plan, descriptors = request
    try:
        if plan["kind"] == "function" and same.tier == "full":
            process = children.start(plan, *descriptors)
        else:
            process = kernel.clone(walls.CANDIDATE) if same.tier == "full" else os.fork()
            if process == 0:
                keeper.take(descriptors)
                keeper.keep(same)
            keepers.add(process)
            for descriptor in descriptors:
                os.close(descriptor)
        told: dict[str, Any] = {"process": process}
    except OSError as error:
        told = {"broken": str(error)}
        for descriptor in descriptors:
            os.close(descriptor)
    line.sendall(json.dumps(told).encode() + b"\n")
