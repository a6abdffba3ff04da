"""Compares two mathematical expressions with math-verify: run as a program, a request a line.

A program of its own because sympy can compute for ever and take all memory, and because what it
reads was written by a model. It imports nothing of evalsuite. Each line on standard input is JSON
``[target, answer]``; each on standard output ``{"equal": bool, "read": bool}``, after a first line
``"ready"``. A comparison that takes too much processor time ends the program.
"""

from __future__ import annotations

import json
import logging
import resource
import sys
from typing import Any

MEMORY_BYTES = 2 << 30


def main(cpu_seconds: int) -> None:
    """Answer requests until standard input ends."""
    _limit(resource.RLIMIT_AS, MEMORY_BYTES)
    logging.disable(logging.CRITICAL)  # math-verify warns of timeouts that are ours to hold
    compare = _comparer()
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        used = resource.getrusage(resource.RUSAGE_SELF)
        _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + 1 + cpu_seconds)
        target, answer = json.loads(line)
        equal, read = compare(target, answer)
        print(json.dumps({"equal": equal, "read": read}), flush=True)


def _limit(what: int, value: int) -> None:
    """Set a soft limit, no higher than the hard one."""
    _, hard = resource.getrlimit(what)
    soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (soft, hard))


def _comparer() -> Any:
    from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse, verify

    reading = [LatexExtractionConfig(boxed_match_priority=0), ExprExtractionConfig()]

    def expressions(text: str) -> list[Any]:
        return list(parse(f"${text}$", extraction_config=reading, parsing_timeout=None))

    def compare(target: str, answer: str) -> tuple[bool, bool]:
        try:
            wanted, said = expressions(target), expressions(answer)
            read = any(not isinstance(one, str) for one in said)  # a text is what it cannot parse
            equal = verify(wanted, said, timeout_seconds=None, allow_set_relation_comp=True)
        except (MemoryError, RecursionError):
            return False, False
        return bool(equal), read

    return compare


if __name__ == "__main__":
    main(int(sys.argv[1]))
