"""The wheel is the product: it is built, installed into a clean environment, and run from there."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(out),
        str(ROOT),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return next(out.glob("*.whl"))


def test_content_ships_inside_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for kind in ("tasks", "judges", "reports"):
        for path in (ROOT / kind).rglob("*"):
            if (
                path.is_file()
                and path.suffix in {".py", ".yaml"}
                and "__pycache__" not in path.parts
            ):
                assert f"evalsuite/content/{path.relative_to(ROOT).as_posix()}" in names
    assert any(name.startswith("evalsuite/embedded/models/nano/") for name in names)
    assert not any("__pycache__" in name or name.startswith("tests/") for name in names)


def test_the_wheel_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < 25e6


def test_an_installed_wheel_runs_from_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    site = Path(
        subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    )
    # The wheel is unpacked by pip; its dependencies are those of this environment, by path only,
    # so that nothing is downloaded and the checkout itself is not importable.
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--target",
            str(site),
            str(wheel),
        ],
        check=True,
    )
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    empty = tmp_path / "empty"
    empty.mkdir()
    done = subprocess.run(
        [
            python,
            *(
                "-m",
                "evalsuite",
                "run",
                "--task",
                "tabular/rows",
                "--task",
                "reasoning/arithmetic",
            ),
            *("--system", "embedded/nano", "--limit", "4", "--out", "run"),
        ],
        cwd=empty,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "embedded/nano" in done.stdout
    assert (empty / "run" / "report.html").stat().st_size > 10_000
    where = [python, "-c", "import evalsuite; print(evalsuite.__file__)"]
    found = subprocess.run(where, cwd=empty, capture_output=True, text=True, check=True).stdout
    assert found.startswith(str(site))
