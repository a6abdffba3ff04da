"""The container tier: one Docker or Podman container for each candidate.

For machines without user namespaces, and for macOS. A candidate costs about a container's start.
The image is never pulled in silence: it has to be there, and holds the interpreter and toolchains
that candidates run with.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evalsuite.scoring.sandbox.bubblewrap import INSIDE
from evalsuite.scoring.sandbox.contract import Limits, SandboxBroken
from evalsuite.scoring.sandbox.inside.walls import SCRATCH
from evalsuite.scoring.sandbox.view import Spec
from evalsuite.scoring.sandbox.zygotes import inner_command

IMAGE_VARIABLE = "EVALSUITE_SANDBOX_IMAGE"
_ROOT, _LINES = "/evalsuite", "/lines"  # in the container
_ASK_SECONDS = 10
_START_SECONDS = 60.0
_NOBODY = "65534:65534"


def image() -> str:
    """The image that candidates run in."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return os.environ.get(IMAGE_VARIABLE) or f"python:{version}-slim"


def runtime() -> str | None:
    """The container program that is installed, Docker first."""
    return next((name for name in ("docker", "podman") if shutil.which(name)), None)


def obstacle() -> tuple[str, str] | None:
    """Why no container can be started and what to do; None if the image is ready."""
    program = runtime()
    if program is None:
        return "neither docker nor podman is installed", "install one of them"
    try:
        asked = subprocess.run(
            [program, "image", "inspect", image()],
            capture_output=True,
            text=True,
            timeout=_ASK_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{program} does not answer: {error}", f"start the {program} service"
    if asked.returncode == 0:
        return None
    if "no such image" in asked.stderr.lower() or "not known" in asked.stderr.lower():
        return f"no image {image()}", f"{program} pull {image()}, or set {IMAGE_VARIABLE}"
    return asked.stderr.strip().split("\n")[0][:200], f"start the {program} service"


@dataclass
class Container:
    """A running container with the lines to its keeper and candidate."""

    process: subprocess.Popen[bytes]
    control: socket.socket
    channel: socket.socket | None
    name: str

    def end(self) -> None:
        """Wait for the container's end; end it if it does not come."""
        try:
            self.process.wait(_ASK_SECONDS)
        except subprocess.TimeoutExpired:
            subprocess.run([runtime() or "docker", "kill", self.name], capture_output=True)
            self.process.wait()


def start(spec: Spec, limits: Limits, streams: Sequence[int]) -> Container:
    """Start a container with a keeper in it and wait for the keeper's lines.

    Args:
        spec: Packages to load; what is visible is the image.
        limits: Memory and processes are the container's to limit.
        streams: Descriptors of a program's three streams; none for a function.

    Raises:
        SandboxBroken: If it did not start.
    """
    program, name = runtime(), f"evalsuite-{secrets.token_hex(6)}"
    if program is None:
        raise SandboxBroken("the sandbox did not start: neither docker nor podman is installed")
    wanted = ["control"] if streams else ["control", "channel"]
    with (
        tempfile.TemporaryDirectory(prefix="evalsuite-") as folder,
        contextlib.ExitStack() as stack,
    ):
        os.chmod(folder, 0o711)
        doors = [stack.enter_context(_door(Path(folder, door))) for door in wanted]
        stdin, stdout, stderr = streams or [subprocess.DEVNULL] * 3
        process = subprocess.Popen(
            [program, *arguments(spec, limits, folder, name, wanted)],
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        try:
            lines = [door.accept()[0] for door in doors]
        except OSError:
            process.kill()
            process.wait()
            raise SandboxBroken("the sandbox did not start: no word from the container") from None
    return Container(process, lines[0], lines[1] if len(lines) > 1 else None, name)


def _door(path: Path) -> socket.socket:
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(path))
    path.chmod(0o777)
    door.listen(1)
    door.settimeout(_START_SECONDS)
    return door


def arguments(
    spec: Spec, limits: Limits, folder: str, name: str, wanted: Sequence[str]
) -> list[str]:
    """Arguments of ``docker``: no network, no rights, nothing writable but the scratch folder."""
    settings = {
        "tier": "container",
        "sockets": [f"{_LINES}/{door}" for door in wanted],
        "paths": [],
        "packages": spec.packages,
    }
    command = inner_command("once", settings, python="python3", root=_ROOT)
    scratch = f"{SCRATCH}:rw,exec,nosuid,nodev,size={limits.scratch_bytes},mode=1777"
    # The keeper and its interpreter need some memory too.
    memory = str(limits.memory_bytes + (64 << 20))
    return [
        "run", "--rm", "--interactive", "--pull", "never", "--name", name, "--network", "none",
        "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--ipc", "none",
        "--user", _NOBODY, "--pids-limit", str(limits.processes + 2), "--memory", memory,
        "--memory-swap", memory, "--tmpfs", scratch, "--workdir", SCRATCH, "--hostname", "sandbox",
        "--volume", f"{INSIDE}:{_ROOT}/scoring/sandbox/inside:ro", "--volume", f"{folder}:{_LINES}",
        image(), *command,
    ]  # fmt: skip
