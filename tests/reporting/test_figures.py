from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from evalsuite.analysis.summary import Summary, summarise
from evalsuite.errors import UserError
from evalsuite.reporting.figures import FIGURES, HEIGHT, WIDTH, write_figure
from evalsuite.reporting.latency_curves import Curve, curves_scene
from evalsuite.reporting.scene import Label, Scene, to_svg
from tests.analysis.frames import Given, build_run, system, task
from tests.reporting.conftest import HOSTILE, Reported, report_of_four


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Reported:
    return report_of_four(tmp_path_factory.mktemp("reported") / "run")


SVG = "{http://www.w3.org/2000/svg}"


def drawn(reported: Reported, path: Path, figure: str = "plane") -> ET.Element:
    write_figure(reported.run, reported.summary, path, figure=figure)
    return ET.parse(path).getroot()


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_the_same_run_draws_the_same_picture(
    reported: Reported, tmp_path: Path, figure: str, suffix: str
) -> None:
    if suffix == ".png":
        pytest.importorskip("matplotlib", reason="a PNG needs matplotlib")
    paths = [tmp_path / f"one{suffix}", tmp_path / f"two{suffix}"]
    for path in paths:
        write_figure(reported.run, reported.summary, path, figure=figure)
    one, two = (path.read_bytes() for path in paths)
    assert one == two
    if suffix == ".png":
        assert one.startswith(b"\x89PNG")
        width = int.from_bytes(one[16:20], "big")
        assert width == 2 * WIDTH
    else:
        assert ET.fromstring(one).get("width") == str(WIDTH)


def test_a_plane_as_svg_has_text_marks_and_words_for_those_who_cannot_see_it(
    reported: Reported, tmp_path: Path
) -> None:
    root = drawn(reported, tmp_path / "plane.svg")
    assert root.get("viewBox") == f"0 0 {WIDTH} {HEIGHT}" and root.get("role") == "img"
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None and title.text == "Success rate against cost"
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert description is not None and description.text is not None
    comparable = {item.entry.name for item in reported.summary.systems if item.comparable}
    assert comparable == {"small", "large", "vendor", "cascade"}
    texts = [element.text for element in root.iter(f"{SVG}text")]
    for name in comparable:
        assert name in texts and f"{name}: " in description.text
    circles, diamonds = list(root.iter(f"{SVG}circle")), list(root.iter(f"{SVG}path"))
    assert (len(circles), len(diamonds)) == (3, 1)


def test_a_picture_holds_no_script_and_reaches_for_nothing(
    reported: Reported, tmp_path: Path
) -> None:
    for figure in FIGURES:
        drawn(reported, tmp_path / "x.svg", figure)
        text = (tmp_path / "x.svg").read_text(encoding="utf-8")
        assert not re.search(r"<script|\son\w+=|href|url\(|@import|<image|<foreignObject", text)
        assert "prefers-color-scheme: dark" in text


def test_hostile_names_are_text() -> None:
    shapes = (Label(x=1, y=1, text=HOSTILE),)
    scene = Scene(width=10, height=10, title=HOSTILE, description=HOSTILE, shapes=shapes)
    root = ET.fromstring(to_svg(scene, identifier='a"b'))
    (text,) = root.iter(f"{SVG}text")
    assert text.text is not None and text.text.startswith("</script><img src=x onerror=")
    assert "\x1b" not in text.text and "\u202e" not in text.text


def test_a_curve_is_the_share_answered_by_then() -> None:
    curve = Curve(name="a", seconds=np.array([0.1, 0.2, 0.4]), n=4)  # one was never answered
    seconds, shares = curve.at
    assert seconds.tolist() == [0.1, 0.2, 0.4]
    assert shares.tolist() == [0.25, 0.5, 0.75]
    assert curve.quantile(0.5) == 0.4
    assert curve.quantile(0.95) is None
    scene = curves_scene([curve], title="t", axis="x")
    assert scene is not None and scene.description == "a: p50 400 ms, p95 never, n 4."


def test_a_long_curve_is_thinned_to_order_statistics() -> None:
    values = np.sort(np.random.default_rng(0).exponential(size=10_000))
    seconds, shares = Curve(name="a", seconds=values, n=10_000).at
    assert len(seconds) == 400
    assert (seconds[0], seconds[-1]) == (values[0], values[-1])
    at = np.searchsorted(values, seconds, side="right") / 10_000
    assert at == pytest.approx(shares)


def test_systems_without_a_latency_are_named(reported: Reported, tmp_path: Path) -> None:
    responses = reported.run.responses.copy()
    responses.loc[responses["system"] == "vendor", "seconds"] = None
    run = reported.run.with_frames(responses=responses)
    write_figure(run, reported.summary, tmp_path / "x.svg", figure="latency")
    text = (tmp_path / "x.svg").read_text(encoding="utf-8")
    assert "Latency unknown: vendor." in text and "small: p50 100 ms" in text


def nothing(tmp_path: Path) -> tuple[Reported, Summary]:
    failed = [Given(success=None, error_kind="refused", seconds=None)]
    run = build_run(tmp_path, [task()], [system("small")], failed)
    summary = summarise(run)
    return Reported(run=run, summary=summary), summary


@pytest.mark.parametrize(
    ("figure", "message"),
    [
        ("plane", "scored in every task; nothing to draw"),
        ("latency", "was timed; nothing to draw"),
        ("plain", "did you mean 'plane'"),
        ("xyz", "there are plane, latency"),
    ],
)
def test_nothing_to_draw_is_said(tmp_path: Path, figure: str, message: str) -> None:
    reported, summary = nothing(tmp_path)
    with pytest.raises(UserError, match=message):
        write_figure(reported.run, summary, tmp_path / "x.svg", figure=figure)
