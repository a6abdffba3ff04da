"""Strict, simple graders of the five families, enough to train by and to write cards.

Every grader compares with ``item.target``; none of them reads ``item.answer``.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from evalsuite.embedded.items import Item

__all__ = ["grade"]

_NUMBER = re.compile(r"####\s*(-?\d+)\s*$")
_WORD = re.compile(r"[A-Za-z]+")
_SENTENCE_END = re.compile(r"[.!?](?:\s|$)")

# Runs in a fresh interpreter. Reads programs and arguments, never what is expected;
# writes what each call returned. An alarm ends a program that does not.
_RUNNER = """
import json, signal, sys

def stop(number, frame):
    raise TimeoutError

def run(program, name, calls):
    signal.setitimer(signal.ITIMER_REAL, 2.0)
    try:
        scope = {}
        exec(program, scope)
        return [json.dumps(scope[name](*arguments)) for arguments in calls]
    except BaseException:
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)

signal.signal(signal.SIGALRM, stop)
jobs = json.load(sys.stdin)
out, sys.stdout = sys.stdout, sys.stderr
json.dump([run(*job) for job in jobs], out)
"""
_RUNNER_SECONDS = 300


def grade(items: Sequence[Item], answers: Sequence[str]) -> list[bool]:
    """Whether each answer is a success.

    Args:
        items: The items asked.
        answers: What was answered, in the same order.
    """
    graders = {
        "reasoning": _reasoning,
        "ner": _ner,
        "tabular": _tabular,
        "writing": _writing,
    }
    programs = [(i, a) for i, a in zip(items, answers, strict=True) if i.family == "code"]
    code = iter(_code(programs))
    return [
        next(code) if item.family == "code" else graders[item.family](item, answer)
        for item, answer in zip(items, answers, strict=True)
    ]


def _reasoning(item: Item, answer: str) -> bool:
    found = _NUMBER.search(answer)
    return found is not None and found.group(1) == str(item.target)


def _tabular(item: Item, answer: str) -> bool:
    return answer.strip() == str(item.target)


def _ner(item: Item, answer: str) -> bool:
    text = item.metadata["text"]
    found = []
    for piece in answer.strip().split("; "):
        label, colon, surface = piece.partition(": ")
        if not colon or not surface or text.count(surface) != 1:
            return False
        start = text.index(surface)
        found.append((start, start + len(surface), label))
    wanted = [(span["start"], span["end"], span["label"]) for span in item.target]
    return sorted(found) == sorted(wanted)


def _writing(item: Item, answer: str) -> bool:
    target, said = item.target, set(_WORD.findall(answer.lower()))
    needed = [*target["words"], target["character"], target["adjective"], target["place"]]
    if not {word.lower() for word in [*needed, target["name"]]} <= said:
        return False
    if said & set(target["forbidden"]) or not answer.strip().endswith("."):
        return False
    sentences = len(_SENTENCE_END.findall(answer.strip()))
    return bool(target["min_sentences"] <= sentences <= target["max_sentences"])


def _code(programs: Sequence[tuple[Item, str]]) -> list[bool]:
    if not programs:
        return []
    jobs = [
        [
            f"{item.prompt}\n{answer}",
            item.target["entry_point"],
            [case["args"] for case in item.target["cases"]],
        ]
        for item, answer in programs
    ]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _RUNNER],
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        timeout=_RUNNER_SECONDS,
        check=True,
    )
    returned: list[list[str] | None] = json.loads(done.stdout)
    return [
        got is not None and got == _expected(item)
        for got, (item, _) in zip(returned, programs, strict=True)
    ]


def _expected(item: Item) -> list[Any]:
    return [json.dumps(case["expected"]) for case in item.target["cases"]]
