"""Grading a program of HumanEval-X so that the program cannot touch its verdict.

A candidate is put beside the calls of the benchmark's test, without what the test expects
(:mod:`~evalsuite.scoring.humaneval_x.drivers`). What the calls return is written down, and the
trusted side compares it with what the benchmark's own solution gave, in another process. So
leaving early, patched assertions and forged output lead nowhere: a right value has to be computed.
"""

from __future__ import annotations

import functools
import re
import secrets
from collections.abc import Sequence

from evalsuite.errors import EvalsuiteError
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring import languages
from evalsuite.scoring.code import no_program
from evalsuite.scoring.humaneval_x.comparing import comparison
from evalsuite.scoring.humaneval_x.drivers import WATCHED, NotLifted, with_driver, with_own_test
from evalsuite.scoring.humaneval_x.problems import Problem, problem_of
from evalsuite.scoring.humaneval_x.source import extract_source
from evalsuite.scoring.sandbox import required_tier
from evalsuite.scoring.sandbox.program import ProgramRun

_CRATES = re.compile(r"\b(?:Regex|md5)(?=::)")


class CrateMissing(EvalsuiteError):
    """A Rust program uses a crate that the benchmark imports and that is not on this machine."""


class ReferenceFailed(EvalsuiteError):
    """The benchmark's own solution does not pass its own test here: no fault of the candidate."""


def score(language: str, sample: Sample, answer: Answer) -> Sequence[Score]:
    """Score ``passed``: 1.0 if every call of the test returns what the solution returns.

    Raises:
        ToolchainMissing: If this machine cannot run the language.
        ReferenceFailed: If the benchmark's own solution does not pass here.
        CrateMissing: If a Rust program needs a crate beside the standard library.
        SandboxUnavailable: If this machine does not offer the required tier.
        SandboxBroken: If the sandbox could not be started.
    """
    languages.require(language)
    tier = required_tier()
    problem = problem_of(language, sample)
    program = extract_source(
        answer.text or "",
        declaration=problem.declaration,
        entry_point=problem.function,
        language=language,
        mode="either",
    )
    if program is None:
        return [no_program(problem.function)]
    crates = sorted(set(_CRATES.findall(program.source))) if language == "rust" else []
    if crates:
        raise CrateMissing(f"the program uses {' and '.join(crates)}, and no crates are here")
    complaint = _complaint(problem, program.source, expected_values(problem))
    detail = f"{complaint or 'passed'}; read as {program.rule}; sandbox: {tier}"
    return [Score(name="passed", value=float(complaint is None), explanation=detail)]


def _complaint(problem: Problem, program: str, expected: Sequence[str]) -> str | None:
    """What is wrong with a program; None if nothing is."""
    values, ending = _recorded(problem, program)
    if ending is not None and not values:
        return ending
    right = comparison(problem.number, problem.test)
    for number, wanted in enumerate(expected):
        if number >= len(values):
            return f"{ending or 'left early'} after {len(values)} of {len(expected)} values"
        if not right(values, expected, number):
            return f"wrong: value {number + 1} of {len(expected)} is not {wanted[:80]}"
    if len(values) > len(expected):
        return f"wrong: {len(values)} values where the test makes {len(expected)} calls"
    # A program that crashes after its last value would fail the benchmark's test as well.
    return ending


# --- what is expected ---------------------------------------------------------------------------


def expected_values(problem: Problem) -> tuple[str, ...]:
    """What the calls of a problem's test return from its own solution, as they were written down.

    The solution is first held to the benchmark's test as it stands. Worked out once in a process.

    Raises:
        ReferenceFailed: If it does not pass, or writes nothing down.
    """
    values = _expected(problem)
    if isinstance(values, str):
        raise ReferenceFailed(values)
    return values


@functools.lru_cache(maxsize=1024)
def _expected(problem: Problem) -> tuple[str, ...] | str:
    """The values, or why there are none: that too is worked out once."""
    try:
        return _by_reference(problem)
    except ReferenceFailed as failure:
        return str(failure)


def _by_reference(problem: Problem) -> tuple[str, ...]:
    program = problem.declaration + problem.solution
    if problem.language == "go":
        found = extract_source(
            problem.solution,
            declaration=problem.declaration,
            entry_point=problem.function,
            language="go",
            mode="completion",
        )
        program = found.source if found else program
    own = _build(problem.language, with_own_test(program, problem.test, language=problem.language))
    if own.failure is not None:
        raise ReferenceFailed(f"the benchmark's solution does not compile here: {own.failure}")
    ran = languages.run(problem.language, own)
    if ran.exit_code != 0 or b"Assertion failed" in ran.stderr:
        raise ReferenceFailed(f"the benchmark's solution fails its own test: {_ending(ran)}")
    values, complaint = _recorded(problem, program, twice=True)
    if complaint is not None:
        raise ReferenceFailed(f"the benchmark's solution beside the calls: {complaint}")
    return tuple(values)


def _recorded(
    problem: Problem, program: str, *, twice: bool = False
) -> tuple[list[str], str | None]:
    """What a program's calls returned, and why there are no more of them where it went wrong.

    ``twice`` demands the same of a second run, as is due from what others are compared with.
    """
    mark = f"\x1f{secrets.token_hex(8)} "
    try:
        files = with_driver(
            program,
            problem.test,
            language=problem.language,
            function=problem.function,
            mark=mark,
            watched=WATCHED.get(problem.number),
        )
    except NotLifted as error:
        raise ReferenceFailed(str(error)) from None
    built = _build(problem.language, files)
    if built.failure is not None:
        return [], f"does not compile: {built.failure}"
    ran = languages.run(problem.language, built)
    values = _written(ran, mark)
    if ran.exit_code != 0:
        return values, _ending(ran)
    if twice and _written(languages.run(problem.language, built), mark) != values:
        return values, "gives other values when it runs again"
    return values, None


def _written(ran: ProgramRun, mark: str) -> list[str]:
    parts = ran.stdout.decode("utf-8", "replace").split(mark)[1:]
    return [part.split("\n", 1)[0] for part in parts]


def _build(language: str, files: dict[str, str]) -> languages.Build:
    uses_openssl = language == "cpp" and "openssl/" in files["main.cpp"]
    return languages.build(language, files, flags=("-lcrypto",) if uses_openssl else ())


def _ending(ran: ProgramRun) -> str:
    if ran.timed_out:
        return "timeout"
    if ran.out_of_memory:
        return "memory"
    if ran.truncated:
        return "wrote too much"
    said = ran.stderr.decode("utf-8", "replace").strip().split("\n")[0][:200]
    how = f"signal {ran.signal}" if ran.signal is not None else f"exit code {ran.exit_code}"
    return f"{how}: {said}" if said else how
