"""Takes the pictures of ``docs/report.md`` and of the README: the quickstart's report in a browser.

    python docs/screenshots.py [RUN]

RUN is ``results/quickstart`` unless said otherwise. Needs playwright and a Chromium of the system.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import evalsuite

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MOST_BYTES = 250_000
MOST_COLOURS = 200


@dataclass(frozen=True)
class Picture:
    """``name``.png of ``section`` (the top of the page where it is ""), at most so high.

    With ``open_sample`` of a sample that fills the window.
    """

    name: str
    section: str = ""
    width: int = 1280
    height: int = 900
    colours: str = "light"
    open_sample: bool = False


PICTURES = (
    Picture("report", height=1130),
    Picture("report-systems", "systems", height=640),
    Picture("report-tasks", "tasks", height=560),
    Picture("report-comparisons", "comparisons", height=560),
    Picture("report-latency", "latency", height=640),
    Picture("report-samples", "samples", height=760, open_sample=True),
    Picture("report-dark", height=1130, colours="dark"),
    Picture("report-phone", width=390, height=844, colours="dark"),
)


def main(run: Path) -> None:
    """Write all pictures of the report of ``run``."""
    from playwright.sync_api import sync_playwright

    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        raise SystemExit("screenshots need a Chromium on the PATH")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page = evalsuite.report(evalsuite.load(run), Path(folder) / "report.html")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for picture in PICTURES:
            content = smaller(taken(browser, page, picture))
            if len(content) > MOST_BYTES:
                raise SystemExit(f"{picture.name}: {len(content):,} bytes are too many")
            target = IMAGES / f"{picture.name}.png"
            target.write_bytes(content)
            print(f"{target.relative_to(ROOT)}: {len(content):,} bytes")
        browser.close()


def taken(browser: Any, page: Path, picture: Picture) -> bytes:
    """``picture`` of ``page`` as a PNG, in twice the pixels of a phone, else one and a half."""
    phone = picture.width < 640
    context = browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        color_scheme=picture.colours,
        device_scale_factor=2 if phone else 1.5,
        reduced_motion="reduce",
    )
    window = context.new_page()
    window.goto(page.resolve().as_uri())
    if picture.open_sample:
        window.locator("#explorer-found tbody a").nth(2).click()
    clip = None
    if picture.section and not picture.open_sample:
        window.set_viewport_size({"width": picture.width, "height": 4000})
        box = window.locator(f"#{picture.section}").bounding_box()
        top = box["y"] + window.evaluate("scrollY")
        height = min(picture.height, box["height"] + 24)
        clip = {"x": 0, "y": top - 12, "width": picture.width, "height": height}
    content: bytes = window.screenshot(clip=clip, full_page=clip is not None)
    context.close()
    return content


def smaller(content: bytes) -> bytes:
    """The same picture in few colours, which text and flat shapes do not miss."""
    from PIL import Image

    out = io.BytesIO()
    image = Image.open(io.BytesIO(content)).convert("RGB")
    image.quantize(MOST_COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "results" / "quickstart")
