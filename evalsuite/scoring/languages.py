"""Toolchains other than Python's: which are on this machine, how they build and run a program.

Compilers and programs both run behind the sandbox's wall, because a compiler reads what a stranger
wrote. What a program printed is all that comes back; its exit code proves nothing.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evalsuite.datasets import cache_root
from evalsuite.errors import UserError
from evalsuite.scoring.sandbox.contract import Limits
from evalsuite.scoring.sandbox.program import ProgramRun, run_program

_BUILD_LIMITS = Limits(
    cpu_seconds=120,
    wall_seconds=300.0,
    memory_bytes=3 << 30,
    file_bytes=64 << 20,
    scratch_bytes=512 << 20,
    processes=128,
)
_RUN_LIMITS = Limits(
    cpu_seconds=10,
    wall_seconds=60.0,
    memory_bytes=2 << 30,
    file_bytes=64 << 20,
    scratch_bytes=256 << 20,
    processes=128,
)


GO_PACKAGES = (
    "bytes", "container/heap", "container/list", "crypto/md5", "encoding/hex", "errors", "fmt",
    "math", "math/big", "math/bits", "math/rand", "os", "reflect", "regexp", "sort", "strconv",
    "strings", "time", "unicode", "unicode/utf8",
)  # fmt: skip
"""Packages of Go's library that programs and tests use; they are compiled once for all programs."""


class ToolchainMissing(UserError):
    """A language's compiler or interpreter is not on this machine."""


@dataclass(frozen=True, kw_only=True)
class Language:
    """How programs of a language are built and run.

    Args:
        name: As it is written in tasks.
        title: As people write it.
        tools: Binaries that must be on the path.
        remedy: What to install where they are not.
        tags: What fenced blocks of it are tagged with.
        build: Command that builds the program in its folder; None where it is run as it is.
        built: File that the command makes.
        run: Command that runs it, in a folder with that file.
        env: Environment of both.
    """

    name: str
    title: str
    tools: tuple[str, ...]
    remedy: str
    tags: frozenset[str]
    build: tuple[str, ...] | None
    built: str | None
    run: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


LANGUAGES: Mapping[str, Language] = {
    language.name: language
    for language in (
        Language(
            name="javascript",
            title="JavaScript",
            tools=("node",),
            remedy="Node.js 18 or later",
            tags=frozenset({"javascript", "js", "node", "mjs"}),
            build=None,
            built=None,
            run=("node", "main.js"),
        ),
        Language(
            name="java",
            title="Java",
            tools=("javac", "java", "tar"),
            remedy="a JDK, 17 or later",
            tags=frozenset({"java"}),
            build=(
                "sh",
                "-c",
                "javac -J-XX:+UseSerialGC -J-XX:TieredStopAtLevel=1 -proc:none -nowarn"
                " -encoding UTF-8 -d classes *.java"
                " && tar cf classes.tar -C classes .",
            ),
            built="classes.tar",
            # One thread to collect garbage, and no second compiler: programs are short.
            run=(
                "sh",
                "-c",
                "tar xf classes.tar && exec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1"
                " -Xmx1g -Xss64m -cp . EvalsuiteMain",
            ),
        ),
        Language(
            name="go",
            title="Go",
            tools=("go",),
            remedy="Go, 1.20 or later",
            tags=frozenset({"go", "golang"}),
            build=("go", "build", "-o", "main", "."),
            built="main",
            run=("./main",),
            env={"GO111MODULE": "off", "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"},
        ),
        Language(
            name="rust",
            title="Rust",
            tools=("rustc", "cc"),
            remedy="rustc, 1.60 or later, and a C linker",
            tags=frozenset({"rust", "rs"}),
            build=(
                "rustc",
                "--edition=2021",
                "--cap-lints=allow",
                "-Cdebuginfo=0",
                "-Cstrip=symbols",
                "main.rs",
                "-o",
                "main",
            ),
            built="main",
            run=("./main",),
        ),
        Language(
            name="cpp",
            title="C++",
            tools=("g++",),
            remedy="g++, 10 or later",
            tags=frozenset({"cpp", "c++", "cc", "cxx", "c"}),
            build=("g++", "-std=c++17", "-O1", "-w", "main.cpp", "-o", "main"),
            built="main",
            run=("./main",),
        ),
    )
}


def missing_tools(name: str) -> tuple[str, ...]:
    """The binaries that a language needs and this machine's path does not have."""
    return tuple(tool for tool in LANGUAGES[name].tools if shutil.which(tool) is None)


def require(name: str) -> Language:
    """The language, where this machine can run it.

    Raises:
        ToolchainMissing: Where it cannot; the text names what is missing.
    """
    language, absent = LANGUAGES[name], missing_tools(name)
    if absent:
        raise ToolchainMissing(
            f"{language.title} programs cannot be graded here: no {' and no '.join(absent)} on the "
            f"path; install {language.remedy}"
        )
    return language


@dataclass(frozen=True)
class Build:
    """A program ready to run, or why it is not.

    Args:
        files: What the run needs; empty where the build failed.
        failure: What the compiler complained of first, or how it ended; None where it is ready.
        took: The compiler's run; None where nothing had to be built.
    """

    files: Mapping[str, bytes]
    failure: str | None
    took: ProgramRun | None


def build(
    name: str,
    files: Mapping[str, str],
    *,
    flags: Sequence[str] = (),
    limits: Limits = _BUILD_LIMITS,
) -> Build:
    """Build the program of these source files.

    Args:
        name: The language.
        files: Name -> source: ``main.js``; ``EvalsuiteMain.java``, which has the main method, and
            others; ``*.go``; ``main.rs``; ``main.cpp``.
        flags: More arguments of the compiler.
        limits: Of the compiler.

    Raises:
        ToolchainMissing: If the language is not on this machine.
        SandboxUnavailable: If this machine does not offer the required tier.
        SandboxBroken: If the compiler could not be started.
    """
    language = require(name)
    sources = {path: text.encode("utf-8", "replace") for path, text in files.items()}
    if language.build is None or language.built is None:
        return Build(sources, None, None)
    took = run_program(
        [*_resolved(language.build), *flags],
        files=sources,
        limits=limits,
        read_only=_folders(name),
        env=_environment(language),
        collect=[language.built],
    )
    if language.built in took.files and took.exit_code == 0:
        return Build(took.files, None, took)
    return Build({}, _complaint(took), took)


def run(name: str, built: Build, *, stdin: bytes = b"", limits: Limits = _RUN_LIMITS) -> ProgramRun:
    """Run a program that was built.

    Raises:
        SandboxUnavailable: If this machine does not offer the required tier.
        SandboxBroken: If the program could not be started.
    """
    language = require(name)
    return run_program(
        _resolved(language.run),
        files=built.files,
        stdin=stdin,
        limits=limits,
        read_only=_folders(name),
        env=_environment(language),
    )


def _complaint(took: ProgramRun) -> str:
    """The first line of a compiler's output that speaks of an error, or how it ended."""
    if took.timed_out:
        return "the compiler ran out of time"
    if took.out_of_memory:
        return "the compiler ran out of memory"
    lines = (took.stderr + b"\n" + took.stdout).decode(errors="replace").split("\n")
    said = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    errors = [line for line in said if "error" in line.lower()]
    return (errors or said or [f"the compiler ended with {took.exit_code}"])[0][:300]


def _resolved(command: Sequence[str]) -> list[str]:
    """The command with the real path of its program: what is on the path may be a mere pointer."""
    roots = {"rustc": _rust_root, "go": _go_root}
    if command[0] in roots:
        return [str(roots[command[0]]() / "bin" / command[0]), *command[1:]]
    found = shutil.which(command[0]) if command[0] in ("node", "g++") else None
    return [os.path.realpath(found) if found else command[0], *command[1:]]


def _environment(language: Language) -> Mapping[str, str]:
    if language.name != "go":
        return language.env
    return {**language.env, "GOCACHE": str(_go_cache()), "GOPATH": "/nowhere"}


def _folders(name: str) -> tuple[Path, ...]:
    """Folders of the toolchain that lie outside the machine's usual software folders."""
    match name:
        case "rust":
            return (_rust_root(),)
        case "go":
            return (_go_root(), _go_cache())
        case "java":
            # Debian keeps the runtime's settings below /etc.
            return tuple(path for path in Path("/etc").glob("java-*") if path.is_dir())
    return ()


@functools.cache
def _rust_root() -> Path:
    """Where the compiler really is: ``rustc`` on the path may be rustup's proxy."""
    return _asked("rustc", "--print", "sysroot")


@functools.cache
def _go_root() -> Path:
    return _asked("go", "env", "GOROOT")


def _go_cache() -> Path:
    """A folder with Go's library compiled: without it every program would compile it anew."""
    with _GO_CACHE:
        return _filled_go_cache()


_GO_CACHE = threading.Lock()


@functools.cache
def _filled_go_cache() -> Path:
    version = _asked("go", "env", "GOVERSION")
    folder = cache_root().absolute() / "go-build" / version.name
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as made:
            source, cache = Path(made, "source"), Path(made, "cache")
            source.mkdir()
            imports = "".join(f'import _ "{path}"\n' for path in GO_PACKAGES)
            (source / "main.go").write_text(f"package main\n\n{imports}\nfunc main() {{}}\n")
            env = {**os.environ, **LANGUAGES["go"].env, "GOCACHE": str(cache)}
            command = [*_resolved(("go", "build")), "-o", os.devnull, "."]
            subprocess.run(command, cwd=source, env=env, capture_output=True, check=True)
            with contextlib.suppress(OSError):  # another process may have been first
                os.rename(cache, folder)
    return folder


def _asked(*command: str) -> Path:
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    return Path(told.stdout.strip())
