"""Drawings of coloured shapes: made from a seed, drawn into a PNG, and described in words.

Everything is the standard library's and the same on every machine: the picture's pixels are stored
and not compressed, because compressors differ.
"""

from __future__ import annotations

import base64
import random
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from evalsuite.embedded.items import split_of
from evalsuite.records import Sample
from evalsuite.task import Split

SIZE = 128
"""Pixels of a side."""
COLOURS = {
    "red": (214, 40, 40),
    "green": (44, 150, 60),
    "blue": (38, 84, 214),
    "yellow": (240, 205, 30),
    "purple": (136, 56, 172),
    "orange": (244, 132, 28),
    "black": (24, 24, 24),
}
SHAPES = ("circle", "square", "triangle", "cross")
NUMBERS = ("one", "two", "three", "four", "five")
_WHITE = (255, 255, 255)
_CELLS = 3  # a side is parted into so many cells, each of which holds one shape

Kind = tuple[str, str]
"""Colour and shape."""


@dataclass(frozen=True)
class Scene:
    """What a picture shows: kinds with their numbers, and how two single shapes lie.

    ``relation`` is "left of" or "above", of the first kind to the second; None unless there are
    exactly two shapes, of different kinds.
    """

    kinds: tuple[tuple[Kind, int], ...]
    relation: str | None = None

    @property
    def caption(self) -> str:
        """The scene in words, always the same ones."""
        if self.relation is not None:
            (first, _), (second, _) = self.kinds
            return f"{_single(first)} {self.relation} {_single(second)}"
        return " and ".join(
            f"{NUMBERS[number - 1]} {colour} {_plural(shape) if number > 1 else shape}"
            for (colour, shape), number in self.kinds
        )


@dataclass(frozen=True)
class Placed:
    """One shape on the picture: its middle and half its width, in pixels from the upper left."""

    kind: Kind
    x: int
    y: int
    radius: int


def samples(split: Split) -> Iterator[Sample]:
    """Endless. A scene (all but places and sizes) belongs to one split, decided by its caption.

    Clusters are scenes.
    """
    dice = random.Random(f"drawings {split}")
    for number in count():
        scene = _scene(dice, split)
        placed = place(scene, dice)
        picture = png(placed)
        yield Sample(
            id=f"{split}-{number}",
            inputs={"image": data_address(picture)},
            target={
                "caption": scene.caption,
                "kinds": [[*kind, number] for kind, number in scene.kinds],
                "relation": scene.relation,
            },
            metadata={"shapes": len(placed)},
            cluster=scene.caption,
        )


def _scene(dice: random.Random, split: Split) -> Scene:
    """Two single shapes, several of one kind, or some of two kinds: a third each."""
    make = dice.choice((_pair, _several, _mixed))
    while True:
        scene = make(dice)
        if split_of(scene.caption) == split:
            return scene


def _kind(dice: random.Random) -> Kind:
    return dice.choice(list(COLOURS)), dice.choice(SHAPES)


def _two_kinds(dice: random.Random) -> tuple[Kind, Kind]:
    first, second = _kind(dice), _kind(dice)
    while second == first:
        second = _kind(dice)
    return first, second


def _pair(dice: random.Random) -> Scene:
    first, second = _two_kinds(dice)
    return Scene(((first, 1), (second, 1)), dice.choice(("left of", "above")))


def _several(dice: random.Random) -> Scene:
    return Scene(((_kind(dice), dice.randint(2, 5)),))


def _mixed(dice: random.Random) -> Scene:
    first, second = sorted(_two_kinds(dice))
    numbers = dice.choice([(a, b) for a in (1, 2, 3) for b in (1, 2, 3) if a + b > 2])
    return Scene(((first, numbers[0]), (second, numbers[1])))


def place(scene: Scene, dice: random.Random) -> list[Placed]:
    """Where each shape lies; none touches another."""
    if scene.relation is not None:
        near, far = dice.randint(28, 38), dice.randint(SIZE - 38, SIZE - 28)
        along = [near, far]
        across = [SIZE // 2 + dice.randint(-6, 6) for _ in along]
        places = list(zip(along, across, strict=True))
        if scene.relation == "above":
            places = [(x, y) for y, x in places]
        radius = dice.randint(16, 22)
    else:
        cell = SIZE // _CELLS
        cells = dice.sample(range(_CELLS**2), sum(number for _, number in scene.kinds))
        middles = [
            (one % _CELLS * cell + cell // 2, one // _CELLS * cell + cell // 2) for one in cells
        ]
        places = [(x + dice.randint(-3, 3), y + dice.randint(-3, 3)) for x, y in middles]
        radius = dice.randint(12, 16)
    kinds = [kind for kind, number in scene.kinds for _ in range(number)]
    return [Placed(kind, x, y, radius) for kind, (x, y) in zip(kinds, places, strict=True)]


# -- drawing -------------------------------------------------------------------------------------

_INSIDE: dict[str, Callable[[float, float], bool]] = {  # of a shape of radius 1 around (0, 0)
    "circle": lambda x, y: x * x + y * y <= 1,
    "square": lambda x, y: max(abs(x), abs(y)) <= 0.88,
    "triangle": lambda x, y: -0.95 <= y <= 0.85 and abs(x) <= (y + 0.95) / 1.8,
    "cross": lambda x, y: min(abs(x), abs(y)) <= 0.32 and max(abs(x), abs(y)) <= 1,
}


def pixels(placed: Sequence[Placed]) -> list[list[int]]:
    """Rows of indices into :func:`palette`; 0 is the white ground."""
    colours = _colours(placed)
    rows = [[0] * SIZE for _ in range(SIZE)]
    for one in placed:
        inside = _INSIDE[one.kind[1]]
        index = colours.index(one.kind[0]) + 1
        for y in range(one.y - one.radius, one.y + one.radius + 1):
            for x in range(one.x - one.radius, one.x + one.radius + 1):
                if inside((x - one.x) / one.radius, (y - one.y) / one.radius):
                    rows[y][x] = index
    return rows


def palette(placed: Sequence[Placed]) -> list[tuple[int, int, int]]:
    """White, then the colours of the shapes: red, green and blue from 0 to 255."""
    return [_WHITE, *(COLOURS[name] for name in _colours(placed))]


def _colours(placed: Sequence[Placed]) -> list[str]:
    return list(dict.fromkeys(one.kind[0] for one in placed))


def png(placed: Sequence[Placed]) -> bytes:
    """The picture: PNG, 128 by 128, a palette of at most four colours, two bits a pixel."""
    raw = bytearray()
    for row in pixels(placed):
        raw.append(0)  # no filter
        for at in range(0, SIZE, 4):
            a, b, c, d = row[at : at + 4]
            raw.append(a << 6 | b << 4 | c << 2 | d)
    colours = bytes(part for colour in palette(placed) for part in colour)
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 2, 3, 0, 0, 0)
    parts = (("IHDR", header), ("PLTE", colours), ("IDAT", _stored(bytes(raw))), ("IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in parts)


def _chunk(name: str, content: bytes) -> bytes:
    body = name.encode() + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def _stored(raw: bytes) -> bytes:
    """A zlib stream of one block that is stored as it is (RFC 1951, 3.2.4)."""
    assert len(raw) < 2**16
    block = b"\x01" + struct.pack("<HH", len(raw), len(raw) ^ 0xFFFF) + raw
    return b"\x78\x01" + block + struct.pack(">I", zlib.adler32(raw))


def data_address(picture: bytes) -> str:
    """The picture as a ``data:`` address, as chat messages hold images."""
    return "data:image/png;base64," + base64.b64encode(picture).decode()


def _single(kind: Kind) -> str:
    article = "an" if kind[0][0] in "aeiou" else "a"
    return f"{article} {kind[0]} {kind[1]}"


def _plural(shape: str) -> str:
    return f"{shape}es" if shape.endswith("s") else f"{shape}s"
