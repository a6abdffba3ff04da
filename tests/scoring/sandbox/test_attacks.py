"""Attacks on the machine and on other candidates, run for real behind the walls.

Each is bounded by itself (small counts, short lives), so that a hole in the walls would do no harm;
where an attack is harmless, the test also shows that it works without them. The only network
address that anything here tries is a listener of the test's own on 127.0.0.1.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from evalsuite.scoring.sandbox import available_tier
from evalsuite.scoring.sandbox.contract import CandidateFailed, Limits
from evalsuite.scoring.sandbox.host import Candidate
from evalsuite.scoring.sandbox.program import ProgramRun, run_program
from evalsuite.scoring.sandbox.view import interpreter
from tests.scoring.sandbox.naive import outside

pytestmark = pytest.mark.skipif(
    available_tier() != "full", reason="this machine cannot isolate candidates in tier full"
)


def inside(source: str, *args: Any, **limits: Any) -> Any:
    """What ``f(*args)`` gives behind the walls, or the kind of failure."""
    try:
        limits_ = Limits(**limits)
        with Candidate(textwrap.dedent(source), tier="full", limits=limits_) as candidate:
            return candidate.call("f", args)
    except CandidateFailed as failure:
        return failure.kind


def python_program(
    source: str, *args: str, collect: Sequence[str] = (), **limits: Any
) -> ProgramRun:
    """A Python interpreter as a program that may start processes."""
    return run_program(
        [interpreter(), "-I", "-S", "main.py", *args],
        files={"main.py": textwrap.dedent(source).encode()},
        limits=Limits(**{"wall_seconds": 20.0, "processes": 16, **limits}),
        collect=collect,
        tier="full",
        retry=False,
    )


@pytest.fixture
def sentinel() -> Iterator[subprocess.Popen[bytes]]:
    """A process of this user that an attack may try to reach."""
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


# --- too much of everything ---------------------------------------------------------------------

FORKS = """
import os, signal, sys, time
def f(most):
    children = []
    for _ in range(most):
        try:
            child = os.fork()
        except OSError:
            break
        if child == 0:
            time.sleep(5)
            os._exit(0)
        children.append(child)
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return len(children)
"""


def test_a_fork_bomb_of_a_function_starts_nothing() -> None:
    assert inside(FORKS, 40) == 0
    assert outside(FORKS, 40) == 40


def test_a_fork_bomb_of_a_program_stays_small() -> None:
    done = python_program(f"{FORKS}\nprint(f(60))", processes=16)
    assert done.exit_code == 0
    assert 10 <= int(done.stdout) < 16


def test_threads_are_counted_too() -> None:
    source = """
    import threading, time
    def f(most):
        for number in range(most):
            try:
                threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
            except RuntimeError:
                return number
        return most
    """
    assert 4 <= inside(source, 60, processes=8, memory_bytes=4 << 30) < 8


MEMORY = """
def f(most):
    held = []
    for number in range(most):
        held.append(bytearray(b"x") * (16 << 20))
    return most
"""


def test_a_memory_bomb_ends_itself() -> None:
    assert inside(MEMORY, 24, memory_bytes=128 << 20) == "memory"
    assert outside(MEMORY, 24) == 24


def test_a_memory_bomb_of_many_processes_is_ended() -> None:
    each = "held = bytearray(b'x') * (40 << 20)\ntime.sleep(8)"
    source = f"import os, time\nfor _ in range(5):\n    if os.fork() == 0:\n        break\n{each}"
    done = python_program(source.replace("\ntime", "\ntime"), memory_bytes=100 << 20)
    assert done.out_of_memory and done.signal == signal.SIGKILL
    assert done.wall_seconds < 8


def test_shared_memory_is_no_way_around_the_limit() -> None:
    source = """
    import ctypes
    def f():
        libc = ctypes.CDLL(None, use_errno=True)
        return libc.shmget(0, 1 << 20, 0o1600), ctypes.get_errno()
    """
    assert inside(source) == (-1, 1)


def test_processor_time_of_all_processes_together_is_limited() -> None:
    source = "import os\nfor _ in range(3):\n    os.fork()\nwhile True: pass"
    done = python_program(source, cpu_seconds=1)
    assert done.timed_out and done.cpu_seconds < 4


def test_infinite_output_is_cut() -> None:
    done = python_program("while True: print('x' * 1000)", output_bytes=100_000)
    assert done.truncated and len(done.stdout) == 100_000
    assert inside("def f():\n    while True: print('x' * 10**6)", cpu_seconds=0.5) == "timeout"


# --- what stays behind --------------------------------------------------------------------------

DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (0, 1, 2):
            os.close(number)
        time.sleep(float(sys.argv[1]))
    os._exit(0)
os.wait()
"""


def _running(marker: str) -> bool:
    listed = subprocess.run(["ps", "-eww", "-o", "args="], capture_output=True, text=True).stdout
    return any(marker in line for line in listed.splitlines() if "ps -eww" not in line)


def test_a_daemon_dies_with_its_program(tmp_path: Path) -> None:
    done = python_program(DAEMON, "4.123")
    assert done.exit_code == 0
    assert not _running("4.123")
    file = tmp_path / "daemon.py"
    file.write_text(DAEMON)
    subprocess.run([sys.executable, str(file), "4.321"], check=True, env={})
    assert _running("4.321")


def test_a_thread_left_running_ends_with_the_call() -> None:
    source = """
    import threading, time
    def f():
        threading.Thread(target=time.sleep, args=(3600,)).start()
        return "done"
    """
    started = time.monotonic()
    assert inside(source) == "done"
    assert time.monotonic() - started < 30


# --- reading ------------------------------------------------------------------------------------


def test_the_environment_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    source = "import os\ndef f():\n    return str(dict(os.environ))"
    assert "sk-canary" not in inside(source)
    assert "sk-canary" in outside(source, env={**os.environ})
    done = run_program(["sh", "-c", "env; cat /proc/*/environ"], tier="full")
    assert b"HOME=/scratch" in done.stdout and b"sk-canary" not in done.stdout


def test_the_parent_cannot_be_looked_into() -> None:
    source = """
    import os
    def f(parent):
        return [
            os.path.exists(f"/proc/{name}/{file}")
            for name in (parent, "self", 1)
            for file in ("environ", "mem", "maps")
        ]
    """
    assert inside(source, os.getpid()) == [False] * 9
    assert any(outside(textwrap.dedent(source), os.getpid()))
    # Programs have a /proc: of their own name space, and its first process hides its memory.
    looks = f"ls -d /proc/[0-9]* | wc -l; cat /proc/1/environ /proc/1/maps /proc/{os.getpid()}/maps"
    done = run_program(["sh", "-c", looks], tier="full")
    assert int(done.stdout) < 8
    assert b"Permission denied" in done.stderr


def test_no_memory_of_another_process_can_be_read_or_traced() -> None:
    source = """
    import ctypes
    def f():
        libc = ctypes.CDLL(None, use_errno=True)
        calls = [lambda: libc.ptrace(16, 1, 0, 0), lambda: libc.process_vm_readv(1, 0, 0, 0, 0, 0)]
        return [(call(), ctypes.get_errno()) for call in calls]
    """
    assert inside(source) == [(-1, 1), (-1, 1)]


def test_files_of_another_candidate_are_not_there() -> None:
    writes = "def f():\n    open('/tmp/answer', 'w').write('42')\n    return open('answer').read()"
    looks = "import os\ndef f():\n    return os.listdir('/tmp') + os.listdir('.')"
    with Candidate(writes, tier="full") as one, Candidate(looks, tier="full") as other:
        assert one.call("f") == "42"
        assert other.call("f") == []
        assert one.call("f") == "42"
    assert inside(looks) == []


def test_only_software_is_visible(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("tests")
    source = """
    import os
    def f(paths):
        return [path for path in paths if os.path.exists(path)]
    """
    home, here = str(Path.home() / ".bashrc"), str(Path(__file__))
    assert inside(source, [str(secret), home, here, "/etc/passwd", "/home", "/etc/shadow"]) == []
    assert outside(textwrap.dedent(source), [str(secret), here]) == [str(secret), here]


def test_installed_packages_are_hidden() -> None:
    # Data sets with their answers are installed as packages too, and so may be this one.
    source = """
    import os, sys
    def f():
        found = []
        for folder, _, _ in os.walk("/"):
            if folder.endswith(("/site-packages", "/dist-packages")):
                found += os.listdir(folder)
        try:
            import evalsuite
        except ImportError:
            return found
    """
    assert inside(source, cpu_seconds=20, wall_seconds=60.0) == []


# --- writing ------------------------------------------------------------------------------------

WRITES = """
import os
def f(paths):
    written = []
    for path in paths:
        try:
            with open(path, "w") as file:
                file.write("x")
            written.append(path)
        except OSError:
            pass
    return written
"""


def test_nothing_outside_is_written(tmp_path: Path) -> None:
    marks = [str(tmp_path / "mark"), str(Path(__file__).with_suffix(".mark"))]
    system = ["/mark", "/usr/mark", "/usr/lib/mark", "/dev/mark", "/proc/mark", "/etc/mark"]
    assert inside(WRITES, [*marks, *system]) == []
    assert not any(Path(mark).exists() for mark in [*marks, *system])
    assert outside(WRITES, marks[:1]) == marks[:1]


def test_huge_files_and_many_files_end_at_the_limit() -> None:
    source = """
    import os
    def f():
        with open("sparse", "wb") as file:
            try:
                file.truncate(1 << 40)
                return "sparse"
            except OSError:
                pass
        total = 0
        for number in range(100):
            try:
                with open(f"full{number}", "wb") as file:
                    total += file.write(b"x" * (900 << 10))
            except OSError:
                break
        names = 0
        try:
            for number in range(20_000):
                os.close(os.open(f"n{number}", os.O_CREAT | os.O_WRONLY))
                names += 1
        except OSError:
            pass
        return total, names
    """
    total, names = inside(source, scratch_bytes=8 << 20, cpu_seconds=10)
    assert total <= 8 << 20 and names < 4096


def test_collected_files_are_ordinary_files_of_the_candidate(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("tests")
    source = f"""
    import os
    os.symlink({str(secret)!r}, "link")
    os.symlink("/usr/lib/os-release", "system")
    os.mkfifo("pipe")
    os.mkdir("folder")
    for name in ("first", "second"):
        with open(name, "wb") as file:
            file.write(b"x" * (1 << 20))
    os.link("first", "hard")
    with open("good", "w") as file:
        file.write("ok")
    """
    done = python_program(
        source, collect=["link", "system", "pipe", "folder", "hard", "good", "absent", "../usr"]
    )
    assert done.exit_code == 0, done.stderr
    assert dict(done.files) == {"hard": b"x" * (1 << 20), "good": b"ok"}


# --- reaching out -------------------------------------------------------------------------------

CONNECTS = """
import socket
def f(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as line:
            line.sendall(b"out")
        return "connected"
    except OSError as error:
        return type(error).__name__
"""


def test_the_network_is_out_of_reach() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        port = listener.getsockname()[1]
        assert outside(CONNECTS, port) == "connected"
        listener.accept()[0].close()
        assert inside(CONNECTS, port) == "PermissionError"
        assert python_program(f"{CONNECTS}\nprint(f({port}))").stdout == b"PermissionError\n"
        listener.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listener.accept()


def test_local_sockets_lead_nowhere(tmp_path: Path) -> None:
    name = f"\0evalsuite-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(name)
        listener.listen()
        source = """
        import socket
        def f(name):
            with socket.socket(socket.AF_UNIX) as line:
                try:
                    line.connect(name)
                    return "connected"
                except OSError as error:
                    return type(error).__name__
        """
        assert outside(textwrap.dedent(source), name) == "connected"
        assert inside(source, name) in ("ConnectionRefusedError", "PermissionError")


def test_signals_do_not_reach_other_processes(sentinel: subprocess.Popen[bytes]) -> None:
    source = """
    import os, signal
    def f(process):
        reached = []
        walled = os.getpid() < 10  # else these numbers would mean others
        for target in (process, os.getppid(), 1) if walled else (process,):
            try:
                os.kill(target, signal.SIGTERM)
                reached.append(target)
            except OSError:
                pass
        return reached
    """
    reached = inside(source, sentinel.pid)
    assert sentinel.pid not in reached and sentinel.poll() is None
    plain = "import os\ndef f(process):\n    os.kill(process, 15)\n    return True"
    assert outside(plain, sentinel.pid) is True
    assert sentinel.wait(5) == -signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL])
def test_the_keeper_cannot_be_signalled_away(number: int) -> None:
    # Else a wrong program could make itself an error, which is not counted as wrong.
    source = f"""
    import os
    walled = os.getpid() < 10  # else these numbers would mean others
    for target in (1, os.getppid()) if walled else ():
        try:
            os.kill(target, {int(number)})
        except OSError:
            pass
    def f():
        return "still here" if walled else "no name space of its own"
    """
    assert inside(source) == "still here"
    assert python_program(f"{textwrap.dedent(source)}\nprint(f())").stdout == b"still here\n"


def test_rights_cannot_be_had_back() -> None:
    source = """
    import ctypes, os
    libc = ctypes.CDLL(None, use_errno=True)
    clone, keyctl, bpf = (56, 250, 321) if os.uname().machine == "x86_64" else (220, 219, 280)
    def f():
        tried = {
            "user": libc.unshare(0x10000000),
            "mount name space": libc.unshare(0x20000),
            "mount": libc.mount(b"none", b"/scratch", b"tmpfs", 0, None),
            "unmount": libc.umount2(b"/scratch", 2),
            "chroot": libc.chroot(b"/scratch"),
            "clone": libc.syscall(clone, 0x10000011, 0, 0, 0, 0),
            "keys": libc.syscall(keyctl, 0, -3, 0, 0, 0),
            "bpf": libc.syscall(bpf, 0, 0, 0),
            "ring": libc.syscall(425, 1, 0),
        }
        for change in ("setuid", "setgid"):
            try:
                getattr(os, change)(0)
                tried[change] = 0
            except OSError:
                tried[change] = -1
        return tried
    """
    assert set(inside(source).values()) == {-1}


def test_setuid_programs_give_nothing() -> None:
    done = run_program(["sh", "-c", "id -u; grep -E 'NoNewPrivs|CapEff|CapBnd' /proc/self/status"])
    lines = done.stdout.decode().split()
    assert lines[0] == "1000"
    assert lines[1:] == ["CapEff:", "0" * 16, "CapBnd:", "0" * 16, "NoNewPrivs:", "1"]


# --- the channel --------------------------------------------------------------------------------

CHANNEL = """
import os, stat
def lines():
    for number in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                yield number
        except OSError:
            pass
"""


def test_there_is_one_line_out() -> None:
    # Two descriptors of it, one to read and one to write; neither the keeper's nor the zygote's.
    assert (
        inside(f"{CHANNEL}def f():\n    return len({{os.fstat(n).st_ino for n in lines()}})") == 1
    )


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("for number in list(lines()): os.close(number)\n    return 6", "died"),
        ("while True:\n        for number in lines(): os.write(number, b'x' * 65536)", "not_plain"),
        ("os.write(next(lines()), b'nonsense\\n')\n    return 6", "protocol"),
        ('os.write(next(lines()), b\'{"id": 1, "value": 6}\\n\')\n    return 7', "protocol"),
        ("os.write(next(lines()), b'[' * 100_000 + b'\\n')\n    return 6", "protocol"),
    ],
)
def test_abusing_the_channel_is_a_failure(body: str, kind: str) -> None:
    assert inside(f"{CHANNEL}def f():\n    {body}") == kind


def test_forged_answers_on_stdout_are_no_answers() -> None:
    source = 'def f():\n    print(\'{"id": "1", "value": 7}\', flush=True)\n    return 6'
    assert inside(source) == 6


def test_tracing_and_walking_find_no_test() -> None:
    secret = "ex" + "pected-91827"
    source = f"""
    import gc, sys
    seen = []
    def note(space):
        seen.extend(repr(thing) for name, thing in list(space.items()) if name != "seen")
    def trace(frame, event, argument):
        note(frame.f_locals)
        return trace
    sys.settrace(trace)
    def f(question):
        frame = sys._getframe()
        sys.settrace(None)
        while frame:
            note(frame.f_locals)
            note(frame.f_globals)
            seen.append(repr(frame.f_code.co_consts))
            frame = frame.f_back
        for thing in gc.get_objects():
            if type(thing) in (list, tuple, dict):
                seen.extend(part for part in list(thing) if type(part) is str)
        return any({secret[::-1]!r}[::-1] in text for text in seen)
    """
    with Candidate(
        textwrap.dedent(source), tier="full", limits=Limits(cpu_seconds=20, memory_bytes=4 << 30)
    ) as candidate:
        expected = secret  # what the trusted side would compare with
        assert candidate.call("f", ["question"]) is False
        assert expected


def test_patched_builtins_patch_only_themselves() -> None:
    source = """
    import builtins, json
    builtins.isinstance = lambda *a: True
    builtins.len = lambda x: 0
    json.dumps = lambda *a, **k: '{"value": 7}'
    def f():
        return 6
    """
    assert inside(source) == "protocol"
    assert len("ab") == 2


def test_many_attackers_at_once_leave_their_neighbours_alone() -> None:
    fine = "def f(x):\n    return sum(i * x for i in range(1000))"
    attacks = [
        FORKS,
        MEMORY,
        CHANNEL + "def f(x):\n    os.close(next(lines()))",
        "import os\nos.abort()",
    ]
    results: list[Any] = []

    def attack(source: str) -> None:
        inside(source, 24, memory_bytes=128 << 20)

    def work(x: int) -> None:
        results.append(inside(fine, x) == 499_500 * x)

    threads = [threading.Thread(target=attack, args=(source,)) for source in attacks * 2]
    threads += [threading.Thread(target=work, args=(x,)) for x in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 8
