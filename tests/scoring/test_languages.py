from __future__ import annotations

from pathlib import Path

import pytest

from evalsuite.scoring import languages
from evalsuite.scoring.languages import LANGUAGES, ToolchainMissing, build, require, run
from evalsuite.scoring.sandbox import available_tier


@pytest.fixture(autouse=True)
def this_machines_tier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALSUITE_SANDBOX", available_tier())


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_missing_toolchain_is_named_in_one_line(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert languages.missing_tools(name) == LANGUAGES[name].tools
    with pytest.raises(ToolchainMissing) as refused:
        require(name)
    text = str(refused.value)
    assert text.startswith(f"{LANGUAGES[name].title} programs cannot be graded here: no ")
    assert all(tool in text for tool in LANGUAGES[name].tools) and "\n" not in text
    assert "install " in text


def test_a_program_is_built_and_reads_its_input() -> None:
    if languages.missing_tools("cpp"):
        pytest.skip("no g++ on this machine")
    source = (
        "#include <iostream>\nint main() { int x; std::cin >> x; std::cout << 2 * x; return 7; }"
    )
    built = build("cpp", {"main.cpp": source})
    assert built.failure is None and built.took is not None
    done = run("cpp", built, stdin=b"21")
    assert (done.stdout, done.exit_code) == (b"42", 7)


def test_a_compiler_tells_what_is_wrong() -> None:
    if languages.missing_tools("cpp"):
        pytest.skip("no g++ on this machine")
    built = build("cpp", {"main.cpp": "int main() { return nowhere; }"})
    assert built.files == {} and built.failure is not None
    assert "error" in built.failure and "nowhere" in built.failure


def test_a_compiler_sees_no_file_of_this_user() -> None:
    if languages.missing_tools("cpp"):
        pytest.skip("no g++ on this machine")
    built = build("cpp", {"main.cpp": f'#include "{Path(__file__).resolve()}"\nint main() {{}}'})
    assert built.failure is not None and "No such file" in built.failure


def test_what_needs_no_compiler_is_ready_at_once() -> None:
    if languages.missing_tools("javascript"):
        pytest.skip("no node on this machine")
    built = build("javascript", {"main.js": "console.log(6 * 7)"})
    assert built.took is None
    assert run("javascript", built).stdout == b"42\n"
