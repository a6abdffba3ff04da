from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from evalsuite.scoring.sandbox import tiers
from evalsuite.scoring.sandbox.contract import PROGRAM_LIMITS, Limits, SandboxBroken, Tier
from evalsuite.scoring.sandbox.program import run_program, run_python

TIERS = [tier for tier in tiers.TIERS if tiers.offer(tier).works and tier != "container"]
every_tier = pytest.mark.parametrize("tier", TIERS)
DOUBLE = {
    "node": (
        {"main.js": b"console.log(2 * require('fs').readFileSync('/dev/stdin', 'utf8'))"},
        None,
        ["node", "main.js"],
    ),
    "javac": (
        {
            "Main.java": b"public class Main { public static void main(String[] a) { System.out"
            b".println(2 * new java.util.Scanner(System.in).nextInt()); } }"
        },
        (["javac", "Main.java"], "Main.class"),
        ["java", "-Xss64m", "Main"],
    ),
    "g++": (
        {
            "main.cpp": b"#include <iostream>\n"
            b"int main() { int x; std::cin >> x; std::cout << 2 * x; }"
        },
        (["g++", "-O1", "main.cpp", "-o", "main"], "main"),
        ["./main"],
    ),
    "rustc": (
        {
            "main.rs": b"fn main() { let mut s = String::new(); std::io::stdin().read_line(&mut s)"
            b'.unwrap(); println!("{}", 2 * s.trim().parse::<i32>().unwrap()); }'
        },
        (["rustc", "main.rs"], "main"),
        ["./main"],
    ),
    "go": (
        {
            "main.go": b'package main\nimport "fmt"\n'
            b"func main() { var x int; fmt.Scan(&x); fmt.Println(2 * x) }"
        },
        (["go", "build", "-o", "main", "main.go"], "main"),
        ["./main"],
    ),
}


@every_tier
def test_streams_files_and_the_exit_code(tier: Tier) -> None:
    done = run_program(
        ["sh", "-c", "cat; cat sub/note; echo oops >&2; echo made > out; exit 3"],
        files={"sub/note": b"in a file"},
        stdin=b"from stdin, ",
        collect=["out"],
        tier=tier,
    )
    assert (done.exit_code, done.signal) == (3, None)
    assert (done.stdout, done.stderr) == (b"from stdin, in a file", b"oops\n")
    assert dict(done.files) == {"out": b"made\n"}
    assert not (done.truncated or done.timed_out or done.out_of_memory)
    assert 0 < done.cpu_seconds < 5 and 0 < done.wall_seconds < 60
    assert done.peak_memory_bytes > 1 << 20
    assert done.instructions is None or done.instructions > 10_000


@pytest.mark.parametrize("name", DOUBLE)
def test_toolchains_run_inside(name: str) -> None:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    files, compiling, running = DOUBLE[name]
    shown, env = [Path(found)], {"GOCACHE": "/scratch/cache"}
    if name == "rustc":
        homes = {
            name: Path(os.environ.get(name, Path.home() / folder))
            for name, folder in (("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup"))
        }
        shown += [path for path in homes.values() if path.is_dir()]
        env |= {name: str(path) for name, path in homes.items()}
    if compiling:
        (command, *rest), product = compiling
        made = run_program(
            [shutil.which(command) or command, *rest],
            files=files,
            read_only=shown,
            collect=[product],
            env=env,
            tier=TIERS[0],
        )
        assert made.exit_code == 0, made.stderr.decode()
        files = made.files
    done = run_program(
        running, files=files, stdin=b"21", read_only=shown, limits=PROGRAM_LIMITS, tier=TIERS[0]
    )
    assert (done.exit_code, done.stdout.strip()) == (0, b"42"), done.stderr.decode()


@every_tier
def test_ends_that_a_program_did_not_choose(tier: Tier) -> None:
    assert run_program(["sh", "-c", "kill -9 $$"], tier=tier).signal == signal.SIGKILL
    loop = run_program(
        ["sh", "-c", "while :; do :; done"], limits=Limits(cpu_seconds=0.3), tier=tier, retry=False
    )
    assert loop.timed_out and loop.signal == signal.SIGKILL and 0.25 < loop.cpu_seconds < 3
    sleeper = run_program(["sleep", "60"], limits=Limits(wall_seconds=0.4), tier=tier, retry=False)
    assert sleeper.timed_out and sleeper.cpu_seconds < 0.3 and sleeper.wall_seconds < 30


def test_a_program_that_ran_out_of_time_is_run_again() -> None:
    done = run_program(["sleep", "60"], limits=Limits(wall_seconds=0.3), tier=TIERS[0])
    assert done.timed_out


@every_tier
def test_a_program_that_is_not_there_is_no_ones_wrong_answer(tier: Tier) -> None:
    with pytest.raises(SandboxBroken, match="no program 'nonsense' in the sandbox"):
        run_program(["nonsense"], tier=tier)


def test_input_that_nobody_reads_and_output_in_bulk() -> None:
    quiet = run_program(["true"], stdin=b"x" * 1_000_000, tier=TIERS[0])
    assert quiet.exit_code == 0
    echo = run_program(["cat"], stdin=b"x" * 1_000_000, tier=TIERS[0])
    assert echo.stdout == b"x" * 1_000_000 and not echo.truncated


def test_pipes_break_as_usual() -> None:
    # Python ignores SIGPIPE, and what it starts would do so too.
    done = run_program(["sh", "-c", "yes | head -1"], tier=TIERS[0])
    assert (done.exit_code, done.stdout, done.stderr) == (0, b"y\n", b"")


@every_tier
def test_python_scripts(tier: Tier) -> None:
    source = """
import sys, threading, helper
if __name__ == "__main__":
    threading.Thread(target=lambda: print(sum(map(int, sys.stdin)) + helper.one)).start()
"""
    done = run_python(source, files={"helper.py": b"one = 1"}, stdin=b"2\n3\n", tier=tier)
    assert (done.exit_code, done.stdout, done.stderr) == (0, b"6\n", b"")
    for name in ("0", "'/dev/stdin'"):
        echo = run_python(f"print(open({name}).read())", stdin=b"in", tier=tier)
        assert (echo.stdout, echo.stderr) == (b"in\n", b"")


@pytest.mark.parametrize(
    ("source", "code", "error"),
    [
        ("raise ValueError('why')", 1, b"ValueError: why"),
        ("import sys; sys.exit(3)", 3, b""),
        ("import sys; sys.exit('bad')", 1, b"bad\n"),
        ("raise SystemExit", 0, b""),
        ("import os; os._exit(9)", 9, b""),
        ("print('a' if", 1, b"SyntaxError"),
    ],
)
def test_python_scripts_leave_as_from_the_shell(source: str, code: int, error: bytes) -> None:
    done = run_python(source, tier=TIERS[0])
    assert done.exit_code == code
    assert error in done.stderr if error else done.stderr == b""


def test_a_python_script_has_its_limits() -> None:
    bomb = run_python("x = []\nwhile True: x.append(bytes(1 << 20))", tier=TIERS[0])
    assert bomb.exit_code == 1 and b"MemoryError" in bomb.stderr
    loop = run_python(
        "while True: pass", limits=Limits(cpu_seconds=0.3), tier=TIERS[0], retry=False
    )
    assert loop.timed_out
    assert sys.version_info >= (3, 11)
