from __future__ import annotations

from pathlib import Path

import pytest

from evalsuite.analysis.summary import summarise
from evalsuite.errors import UserError
from evalsuite.reporting.figures import HEIGHT, WIDTH, write_plane
from tests.analysis.frames import Given, build_run, system, task
from tests.reporting.conftest import Reported

pytest.importorskip("matplotlib", reason="figures need matplotlib")


def test_the_same_run_draws_the_same_picture(reported: Reported, tmp_path: Path) -> None:
    paths = [tmp_path / "one.png", tmp_path / "two.png"]
    for path in paths:
        write_plane(reported.summary, path)
    one, two = (path.read_bytes() for path in paths)
    assert one == two
    assert one.startswith(b"\x89PNG")
    size = int.from_bytes(one[16:20], "big"), int.from_bytes(one[20:24], "big")
    assert size == (2 * WIDTH, 2 * HEIGHT)


def test_nothing_to_draw_is_said(tmp_path: Path) -> None:
    failed = [Given(success=None, error_kind="refused")]
    run = build_run(tmp_path, [task()], [system("small")], failed)
    with pytest.raises(UserError, match="nothing to draw"):
        write_plane(summarise(run), tmp_path / "plane.png")
