"""The bubblewrap tier: walls by the ``bwrap`` program, where name spaces of our own are barred.

Distributions that keep user namespaces from ordinary programs often allow them to bubblewrap. One
start of it and of an interpreter for each candidate makes this tier several times slower.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from evalsuite.scoring.sandbox.contract import Limits, SandboxBroken
from evalsuite.scoring.sandbox.inside.walls import CANDIDATE_ID, SCRATCH, outermost
from evalsuite.scoring.sandbox.view import Spec
from evalsuite.scoring.sandbox.zygotes import inner_command

INSIDE = Path(__file__).with_name("inside")
"""The modules that run on the candidate's side; all of this package that it sees."""


def installed() -> bool:
    """Whether there is a ``bwrap`` to run."""
    return shutil.which("bwrap") is not None


def start(spec: Spec, limits: Limits, descriptors: Sequence[int]) -> subprocess.Popen[bytes]:
    """Start a keeper behind bubblewrap's walls.

    Args:
        spec: What to show and to load.
        limits: Of the candidate; only its scratch space is bubblewrap's to limit.
        descriptors: The control line, then the candidate's channel or streams.

    Raises:
        SandboxBroken: If there is no bwrap.
    """
    settings = {
        "tier": "bubblewrap",
        "descriptors": list(descriptors),
        "paths": spec.paths,
        "packages": spec.packages,
    }
    try:
        return subprocess.Popen(
            ["bwrap", *walls(spec, limits), "--", *inner_command("once", settings)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=descriptors,
            env={"PATH": os.environ.get("PATH", os.defpath)},
            start_new_session=True,
        )
    except OSError as error:
        raise SandboxBroken(f"the sandbox did not start: {error}") from None


def walls(spec: Spec, limits: Limits) -> list[str]:
    """Arguments of bwrap: all name spaces new, nothing to see but what ``spec`` shows."""
    walls = [
        "--unshare-all", "--die-with-parent", "--as-pid-1", "--clearenv", "--cap-drop", "ALL",
        "--uid", str(CANDIDATE_ID), "--gid", str(CANDIDATE_ID), "--hostname", "sandbox",
    ]  # fmt: skip
    for path in outermost([*spec.visible, str(INSIDE)]):
        walls += ["--ro-bind", path, path]
    for path in dict.fromkeys(spec.visible):
        real = os.path.realpath(path)
        if path != real and os.path.exists(real):
            walls += ["--symlink", real, path]
    for path in spec.hidden:
        walls += ["--tmpfs", path]
    for path in spec.shown:
        walls += ["--ro-bind", path, path]
    walls += ["--proc", "/proc", "--dev", "/dev", "--symlink", SCRATCH, "/tmp"]
    walls += ["--size", str(limits.scratch_bytes), "--tmpfs", SCRATCH, "--chdir", SCRATCH]
    return [*walls, "--remount-ro", "/"]
