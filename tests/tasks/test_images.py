"""Pictures go out as images, are read back from the wire, and are solved by looking at them."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Callable
from itertools import islice, pairwise
from typing import Any

import pytest
from aiohttp import web

from evalsuite.library.drawings import COLOURS, NUMBERS
from evalsuite.records import Answer, Sample
from evalsuite.task import Graded, Task
from tests.systems.openai.endpoint import Endpoint, asking, chat

pytest.importorskip("sacrebleu")
Grade = Callable[[Task, Sample, str], Graded]


@pytest.fixture
def task(load: Callable[[str], Task]) -> Task:
    return load("images/shapes")


def some(task: Task, n: int = 40) -> list[Sample]:
    return list(islice(task.samples("test"), n))


def look(address: str) -> str:
    """A caption from the pixels alone: islands of one colour, told apart by how much they fill."""
    Image = pytest.importorskip("PIL.Image")
    picture = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))).convert("RGB")
    names = {rgb: name for name, rgb in COLOURS.items()}
    size = picture.size[0]
    left = {
        (x, y): names[picture.getpixel((x, y))]
        for x in range(size)
        for y in range(size)
        if picture.getpixel((x, y)) in names
    }
    islands = []
    while left:
        start, colour = next(iter(left.items()))
        island, edge = set(), [start]
        while edge:
            x, y = edge.pop()
            if left.get((x, y)) == colour:
                del left[x, y]
                island.add((x, y))
                edge += [(x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)]
        islands.append((colour, island))
    seen = []
    for colour, island in islands:
        xs, ys = [x for x, _ in island], [y for _, y in island]
        filled = len(island) / ((max(xs) - min(xs) + 1) * (max(ys) - min(ys) + 1))
        shape = (
            "square" if filled > 0.95 else "circle" if filled > 0.7
            else "cross" if sum(x == min(xs) for x in xs) > 3 else "triangle"
        )  # fmt: skip
        seen.append((f"{colour} {shape}", sum(xs) / len(xs), sum(ys) / len(ys)))
    counts = Counter(kind for kind, _, _ in seen)
    if list(counts.values()) == [1, 1]:
        (a, ax, ay), (b, bx, by) = seen
        how = ("left of", ax < bx) if abs(ax - bx) > abs(ay - by) else ("above", ay < by)
        return f"a {a} {how[0]} a {b}" if how[1] else f"a {b} {how[0]} a {a}"
    return " and ".join(f"{NUMBERS[n - 1]} {kind}{'s' * (n > 1)}" for kind, n in counts.items())


def test_captions_from_the_pixels_are_right(task: Task, grade: Grade) -> None:
    rows = [grade(task, sample, look(sample.inputs["image"])) for sample in some(task)]
    wrong = [row.answer for row in rows if not task.succeeded(row.scores)]
    assert wrong == []


def test_the_reference_caption_is_right_and_others_are_not(task: Task, grade: Grade) -> None:
    assert task.shot is not None
    samples = some(task)
    rows = [grade(task, sample, task.shot(sample)) for sample in samples]
    assert all(task.succeeded(row.scores) for row in rows)
    figures = {name: metric(rows) for name, metric in task.corpus.items()}
    assert figures == pytest.approx(dict.fromkeys(figures, 1.0))
    others = [grade(task, a, task.shot(b)) for a, b in pairwise(samples)]
    hits = sum(bool(task.succeeded(row.scores)) for row in others)
    assert hits == sum(a.cluster == b.cluster for a, b in pairwise(samples))
    (score, *_) = task.score(samples[0], Answer(text="I cannot see it."))
    assert (score.value, score.status) == (0.0, "format_error")


async def test_the_picture_is_an_image_part_on_the_wire(task: Task) -> None:
    endpoint = Endpoint(caption_of)
    samples = some(task, 3)
    async with asking(endpoint) as model:
        for sample in samples:
            request = task.request(sample, split="test", seed=0, repeat=0)
            completion = await model.complete(request, None)
            scores = {s.name: s for s in task.score(sample, completion.answer)}
            assert task.succeeded(scores) is True
    for sample, body in zip(samples, endpoint.bodies, strict=True):
        (turn,) = body["messages"]
        image, text = turn["content"]
        assert image == {"type": "image_url", "image_url": {"url": sample.inputs["image"]}}
        assert text["type"] == "text" and text["text"].startswith("Describe the picture")
        assert sample.target["caption"] not in str(body)


async def caption_of(request: web.Request) -> web.Response:
    body: dict[str, Any] = await request.json()
    address = body["messages"][0]["content"][0]["image_url"]["url"]
    return chat({"role": "assistant", "content": look(address)})


def test_variants_show_the_picture_too(task: Task) -> None:
    (sample,) = some(task, 1)
    for variant in task.variants.values():
        (message,) = variant.prompt(sample)
        assert not isinstance(message, str) and message.images == (sample.inputs["image"],)
