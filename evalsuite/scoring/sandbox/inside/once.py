"""A keeper for one candidate, started by what built the walls itself: bubblewrap, a container."""

from __future__ import annotations

import os
import signal
import socket
import sysconfig
from typing import Any, NoReturn

from evalsuite.scoring.sandbox.inside import keeper, zygote


def main(settings: dict[str, Any]) -> NoReturn:
    """Take the lines, then keep the candidate that the plan describes.

    Args:
        settings: ``tier``; ``paths`` and ``packages`` as for a zygote; and where the lines are:
            ``descriptors`` (control, then channel or streams) or ``sockets`` (paths: control, and
            channel if there is one).
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sockets := settings.get("sockets"):
        _connect(sockets)
    else:
        keeper.take(settings["descriptors"])
    if settings["packages"] and not settings["paths"]:
        settings["paths"] = [sysconfig.get_path("purelib")]  # of the image
    zygote.load(settings)
    ground = zygote.ground(settings["tier"])
    zygote.forget_package()
    keeper.keep(ground)


def _connect(paths: list[str]) -> None:
    for path, place in zip(paths, (keeper.CONTROL, keeper.CHANNEL), strict=False):
        line = socket.socket(socket.AF_UNIX)
        line.connect(path)
        number = line.detach()
        if number != place:
            os.dup2(number, place)
            os.close(number)
