from __future__ import annotations

import base64
import hashlib
import io
import random
from itertools import islice

import pytest

from evalsuite.library import drawings
from evalsuite.library.drawings import COLOURS, SHAPES, SIZE, Scene
from evalsuite.records import Sample


def some(split: str, n: int = 60) -> list[Sample]:
    return list(islice(drawings.samples(split), n))  # type: ignore[arg-type]


def test_pictures_are_real_png_and_show_what_was_drawn() -> None:
    Image = pytest.importorskip("PIL.Image")
    scene = Scene(((("red", "circle"), 1), (("blue", "square"), 1)), "left of")
    placed = drawings.place(scene, random.Random(3))
    picture = Image.open(io.BytesIO(drawings.png(placed)))
    assert (picture.size, picture.format) == ((SIZE, SIZE), "PNG")
    seen = picture.convert("RGB")
    rows, colours = drawings.pixels(placed), drawings.palette(placed)
    for y in range(SIZE):
        for x in range(SIZE):
            assert seen.getpixel((x, y)) == colours[rows[y][x]]
    red, blue = ((one.x, one.y) for one in placed)
    assert seen.getpixel(red) == COLOURS["red"] and seen.getpixel(blue) == COLOURS["blue"]
    assert red[0] + 30 < blue[0] and seen.getpixel((0, 0)) == (255, 255, 255)


def test_bytes_are_the_same_everywhere() -> None:
    # Nothing is compressed, so no compressor's version is in it.
    scene = Scene(((("orange", "triangle"), 1), (("black", "cross"), 1)), "above")
    picture = drawings.png(drawings.place(scene, random.Random(0)))
    assert hashlib.sha256(picture).hexdigest()[:16] == "ddc81e3039669b1b"
    assert len(picture) == 4313


def test_captions() -> None:
    red, blue = ("red", "circle"), ("blue", "cross")
    assert Scene(((red, 1), (blue, 1)), "above").caption == "a red circle above a blue cross"
    assert Scene(((red, 3),)).caption == "three red circles"
    assert Scene(((blue, 2), (red, 1))).caption == "two blue crosses and one red circle"
    orange = Scene(((("orange", "square"), 1), (red, 1)), "left of")
    assert orange.caption == "an orange square left of a red circle"


def test_splits_share_no_scene_and_are_always_the_same() -> None:
    scenes = {split: {s.cluster for s in some(split, 300)} for split in ("train", "test")}
    scenes["validation"] = {s.cluster for s in some("validation", 300)}
    assert not scenes["train"] & scenes["test"] and not scenes["train"] & scenes["validation"]
    assert not scenes["validation"] & scenes["test"]
    assert some("test", 5) == some("test", 5)
    assert len({s.id for s in some("test")}) == 60


def test_shapes_lie_apart_and_inside() -> None:
    dice = random.Random(1)
    for sample in some("train", 40):
        kinds = tuple(((colour, shape), n) for colour, shape, n in sample.target["kinds"])
        placed = drawings.place(Scene(kinds, sample.target["relation"]), dice)
        for at, one in enumerate(placed):
            assert one.radius <= one.x < SIZE - one.radius
            assert one.radius <= one.y < SIZE - one.radius
            for other in placed[:at]:
                apart = max(abs(one.x - other.x), abs(one.y - other.y))
                assert apart > one.radius + other.radius


def test_the_sample_holds_the_picture_and_nothing_of_the_answer() -> None:
    for sample in some("test", 20):
        assert list(sample.inputs) == ["image"]
        head, _, packed = sample.inputs["image"].partition(",")
        assert head == "data:image/png;base64"
        assert base64.b64decode(packed).startswith(b"\x89PNG")
        assert {shape for _, shape, _ in sample.target["kinds"]} <= set(SHAPES)
