from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.analysis.footprint import (
    Candidate,
    SystemFootprint,
    on_front,
    system_footprints,
    trades,
)
from evalsuite.analysis.intervals import Estimate
from evalsuite.records import Footprint, Manifest, Size, SystemEntry
from tests.analysis.frames import manifest, system, task

SMALL = Size(
    parameters=100,
    disk_bytes=200,
    disk_basis="weights' files",
    ram_bytes=400,
    ram_basis="weights",
    process_bytes=5_000,
)
ON_GPU = Size(parameters=900, disk_bytes=1_800, ram_bytes=50, vram_bytes=3_600, process_bytes=9_000)


def run_with(entries: Sequence[SystemEntry], *footprints: Footprint) -> Manifest:
    return msgspec.structs.replace(manifest([task()], entries), footprints=footprints)


def here(name: str, size: Size) -> Footprint:
    return Footprint(system=name, where="here", size=size)


def test_a_hybrid_takes_up_what_its_members_do_each_once() -> None:
    entries = [
        system("small", reported=False),
        system("large"),
        system("inner", kind="hybrid", roles={"tier_1": "small", "tier_2": "large"}),
        system("outer", kind="hybrid", roles={"member_1": "inner", "member_2": "small"}),
    ]
    found = {
        item.system: item
        for item in system_footprints(
            run_with(entries, here("small", SMALL), here("large", ON_GPU))
        )
    }
    assert list(found) == ["large", "inner", "outer"], "small only serves inside"
    outer = found["outer"]
    assert outer.here == ("small", "large") and outer.whole
    assert (outer.parameters, outer.disk_bytes) == (1_000, 2_000)
    assert (outer.ram_bytes, outer.vram_bytes, outer.memory_bytes) == (450, 3_600, 4_050)
    assert outer.process_bytes == 9_000, "one process, not two"
    assert outer.bases == ("disk: weights' files", "RAM: weights")
    assert found["large"].memory_bytes == 3_650


def test_what_is_behind_an_endpoint_is_not_here_and_not_zero() -> None:
    entries = [
        system("small"),
        system("hosted"),
        system("both", kind="hybrid", roles={"tier_1": "small", "tier_2": "hosted"}),
    ]
    hosted = Footprint(system="hosted", where="endpoint")
    small, alone, both = system_footprints(run_with(entries, here("small", SMALL), hosted))
    assert small.whole
    assert alone.here == () and alone.elsewhere == ("hosted",) and not alone.whole
    assert alone.parameters is alone.disk_bytes is alone.ram_bytes is alone.memory_bytes is None
    assert (both.here, both.elsewhere, both.whole) == (("small",), ("hosted",), False)
    assert both.ram_bytes == 400, "of what is here"


def test_one_unknown_part_makes_the_sum_unknown() -> None:
    entries = [
        system("small"),
        system("linear"),
        system("both", kind="hybrid", roles={"a": "small", "b": "linear"}),
    ]
    linear = here("linear", Size(disk_bytes=7, ram_bytes=None))
    *_, both = system_footprints(run_with(entries, here("small", SMALL), linear))
    assert both.parameters is None and both.memory_bytes is None
    assert both.disk_bytes == 207


def candidate(
    name: str, rate: float, memory: int | None, joules: float | None = 1.0, **more: object
) -> Candidate:
    fields: dict[str, object] = {
        "here": (name,),
        "elsewhere": (),
        "parameters": memory,
        "disk_bytes": memory,
        "vram_bytes": None,
        "process_bytes": None,
        "bases": (),
        **more,
    }
    footprint = SystemFootprint(system=name, ram_bytes=memory, **fields)  # type: ignore[arg-type]
    estimate = Estimate(value=rate, low=None, high=None, n=10, method="by hand", level=0.95)
    return Candidate(footprint=footprint, rate=estimate, joules=joules)


def test_each_step_of_the_front_is_a_trade() -> None:
    found = trades(
        [
            candidate("large", 0.9, 4_000, 12.0),
            candidate("wasteful", 0.6, 8_000),
            candidate("small", 0.5, 1_000, 3.0),
            candidate("middle", 0.8, 2_000, None),
            candidate("hosted", 0.99, 10, elsewhere=("hosted",), here=()),
            candidate("unknown", 0.95, None),
        ],
        {},
    )
    assert [(item.larger, item.smaller) for item in found] == [
        ("middle", "small"),
        ("large", "middle"),
    ]
    first, second = found
    assert first.difference == pytest.approx(0.3) and first.memory_ratio == 2.0
    assert first.joules_ratio is None and second.joules_ratio is None
    assert second.parameters_ratio == second.disk_ratio == 2.0
    assert trades([candidate("alone", 0.5, 5)], {}) == ()


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(1, 50)), min_size=1, max_size=20))
def test_nothing_on_the_front_is_beaten_and_everything_off_it_is(
    systems: list[tuple[int, int]],
) -> None:
    made = [candidate(str(i), rate / 100, memory) for i, (rate, memory) in enumerate(systems)]
    front = on_front(made)

    def beats(a: Candidate, b: Candidate) -> bool:
        sizes = [item.footprint.memory_bytes or math.inf for item in (a, b)]
        no_worse = a.rate.value >= b.rate.value and sizes[0] <= sizes[1]
        return no_worse and (a.rate.value > b.rate.value or sizes[0] < sizes[1])

    assert not any(beats(a, b) for a in made for b in front)
    for item in made:
        twin = any(
            (item.rate.value, item.footprint.ram_bytes) == (f.rate.value, f.footprint.ram_bytes)
            for f in front
        )
        assert twin or any(beats(f, item) for f in front)
