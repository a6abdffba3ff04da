"""Runs experiments in forked children: a process to kill, without the price of starting Python.

    python -m tests.running.forked_runs

Reads orders, one JSON object a line: ``{"experiment": PATH, "out": FOLDER}``. Each is a child of
its own, whose process id is printed. After a further, empty line it waits for the child and prints
its return code, -9 where it was killed; until then the process id is not given to anyone else.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import aiohttp  # noqa: F401
import jinja2.sandbox  # noqa: F401
import pyarrow.parquet  # noqa: F401

import evalsuite
import evalsuite.systems.openai.model
from evalsuite.experiment import load_experiment
from evalsuite.running.environment import code_revision, package_versions


def run_one(order: dict[str, Any]) -> int:
    """What the child does; its return code."""
    try:
        evalsuite.run(order["experiment"], out=order["out"])
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def main() -> None:
    """Carry out orders until there are no more."""
    package_versions(), code_revision()  # they remember; children inherit it
    while line := sys.stdin.readline():
        order = json.loads(line)
        load_experiment(Path(order["experiment"]))  # imports what the child will need
        pid = os.fork()
        if pid == 0:
            os._exit(run_one(order))
        print(pid, flush=True)
        sys.stdin.readline()
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
