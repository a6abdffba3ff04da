from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from evalsuite.analysis.summary import Summary, summarise
from evalsuite.records import Footprint, IdlePower, Size
from evalsuite.reporting import energy
from evalsuite.reporting.energy import bytes_words, parameters_words
from evalsuite.reporting.memory_plane import lay_out_memory
from evalsuite.store import Run
from tests.analysis.frames import Given, Hop, build_run, system, task

RAPL = "measured: RAPL package-0"
ASSUMED = "assumed: 3.5 W a busy vCPU"
SIZES = {
    "small": Size(
        parameters=172_352,
        disk_bytes=346_792,
        disk_basis="weights' files",
        ram_bytes=1_000_000,
        ram_basis="weights",
        process_bytes=566_000_000,
    ),
    "large": Size(parameters=1_240_000_000, disk_bytes=2_480_000_000, ram_bytes=4_000_000),
}


def hop(joules: float | None, member: str, basis: str | None = RAPL) -> Hop:
    idle = None if joules is None else joules / 4
    return Hop(joules=joules, idle_joules=idle, joules_basis=basis, member=member)


def run_of(tmp_path: Path, *, large_basis: str = RAPL) -> Run:
    """Of 40 samples small gets 20 right for 1 J each, large 36 for 3 J, both in a hybrid; a hosted
    model 38 for nobody knows what."""
    systems = [
        system("small", price={"usd_per_kwh": 0.3}),
        system("large"),
        system("hosted"),
        system("both", kind="hybrid", roles={"tier_1": "small", "tier_2": "large"}),
    ]
    hops = {
        "small": (20, [hop(1.0, "small")]),
        "large": (36, [hop(3.0, "large", large_basis)]),
        "hosted": (38, [hop(None, "hosted", None)]),
        "both": (35, [hop(1.0, "small"), hop(3.0, "large", large_basis)]),
    }
    answers = [
        Given(sample=str(i), system=name, success=i < right, hops=made)
        for name, (right, made) in hops.items()
        for i in range(40)
    ]
    run = build_run(tmp_path, [task(n=40)], systems, answers)
    footprints = [Footprint(system=name, where="here", size=size) for name, size in SIZES.items()]
    footprints.append(Footprint(system="hosted", where="endpoint"))
    manifest = msgspec.structs.replace(
        run.manifest,
        footprints=tuple(footprints),
        idle_power=(IdlePower(counter="RAPL package-0", watts=9.87, seconds=2.0),),
    )
    return replace(run, manifest=manifest)


@pytest.fixture
def summary(tmp_path: Path) -> Summary:
    return summarise(run_of(tmp_path))


def cells(summary: Summary, name: str) -> dict[str, tuple[str, str]]:
    row = dict(energy.energy_rows(summary))[name]
    return {title: (cell.main, cell.small) for title, cell in zip(energy.TITLES, row, strict=True)}


def test_a_row_says_what_was_measured_and_what_it_takes_up(summary: Summary) -> None:
    found = cells(summary, "small")
    assert found["J / request"] == ("1 J", "1–1 J")
    assert found["J / right"][0] == "2 J" and found["J / right"][1].endswith(" J")
    assert found["idle"] == ("25.0 %", "10 J of 40 J")
    assert found["how"] == ("measured", "")
    assert found["parameters"][0] == "172k"
    assert found["memory"][0] == "1 MB" and found["disk"][0] == "347 kB"
    assert cells(summary, "both")["parameters"][0] == "1.24B"


def test_what_is_not_here_is_not_zero(summary: Summary) -> None:
    found = cells(summary, "hosted")
    assert found["J / request"] == ("unknown", "40 of 40 calls")
    assert found["J / right"] == ("unknown", "") and found["idle"] == ("unknown", "")
    assert found["memory"] == found["disk"] == ("not here", "")
    assert found["parameters"] == ("not here", "hosted")


def test_a_step_of_the_front_is_a_sentence_with_its_interval(summary: Summary) -> None:
    first = energy.energy_sentences(summary)[0]
    assert first.startswith("large: +40.0 points right against small (95 % CI +")
    assert first.endswith(
        "for 4.00 x the memory, 7,200 x the parameters, 7,200 x the disk and "
        "3.00 x the joules per request."
    )


def test_the_rest_is_said_once(summary: Summary) -> None:
    said = energy.energy_sentences(summary)
    assert "How energy was obtained: measured: RAPL package-0." in said
    rest = "RAPL package-0 at rest, models loaded: 9.87 W, over 2 s before anything was asked."
    assert rest in said
    assert any(
        sentence.startswith("small: 1.11e-05 kWh, $3.3e-06 of electricity") for sentence in said
    )
    assert any("took at most 566 MB of RAM" in sentence for sentence in said)
    assert not any("added up in one figure" in sentence for sentence in said)


def test_lines_for_the_terminal(summary: Summary) -> None:
    found = energy.energy_lines(summary)
    assert found[0] == "hosted: energy unknown; not here"
    assert found[-2] == (
        "small: 1 J a request, 2 J a right answer (measured; 25.0 % of it idling); "
        "172k parameters, 1 MB of memory, 347 kB on disk"
    )
    assert found[-1].startswith("large: +40.0 points right against small")


def test_a_mixed_figure_says_so(tmp_path: Path) -> None:
    mixed = summarise(run_of(tmp_path, large_basis=ASSUMED))
    assert cells(mixed, "both")["how"] == ("mixed: assumed and measured", "")
    assert any(
        sentence.endswith("added up in one figure for both.")
        for sentence in energy.energy_sentences(mixed)
    )


def test_a_hybrid_with_an_endpoint_has_a_lower_bound(tmp_path: Path) -> None:
    given = Given(system="both", hops=[hop(2.0, "small"), hop(None, "hosted", None)])
    systems = [
        system("small"),
        system("hosted"),
        system("both", kind="hybrid", roles={"tier_1": "small", "tier_2": "hosted"}),
    ]
    run = build_run(tmp_path, [task()], systems, [given])
    here = Footprint(system="small", where="here", size=SIZES["small"])
    run = replace(run, manifest=msgspec.structs.replace(run.manifest, footprints=(here,)))
    found = cells(summarise(run), "both")
    assert found["J / right"] == ("unknown", "at least 2 J in all")
    assert found["memory"] == ("1 MB", "and hosted, not here")


def test_the_drawing_has_a_lane_for_what_is_not_here(summary: Summary) -> None:
    plane = lay_out_memory(summary, width=1120, height=470)
    assert plane is not None and plane.unknown_at is not None
    marks = {mark.name: mark for mark in plane.marks}
    assert set(marks) == {"small", "large", "hosted", "both"}
    assert marks["hosted"].x == round(plane.unknown_at, 1)
    assert marks["small"].x < marks["large"].x < marks["both"].x < marks["hosted"].x
    assert marks["small"].front and marks["large"].front
    assert not marks["both"].front and not marks["hosted"].front
    assert "4 MB of memory, 1.24B parameters" in marks["large"].title
    assert "memory not known here" in marks["hosted"].title
    labels = [tick.label for tick in plane.x_ticks]
    assert all(label.endswith("MB") for label in labels) and labels


def test_nothing_is_drawn_of_one_system_and_nothing_said_of_none(tmp_path: Path) -> None:
    run = build_run(tmp_path, [task()], [system("small")], [Given(hops=[hop(None, "small", None)])])
    alone = summarise(run)
    assert energy.energy_rows(alone) == []
    assert lay_out_memory(alone, width=1120, height=470) is None


def test_the_section_is_on_the_page_and_names_cannot_become_markup(tmp_path: Path) -> None:
    from evalsuite.reporting.html import to_html

    run = run_of(tmp_path)
    hostile = "<script>alert(1)</script>"
    renamed = [
        msgspec.structs.replace(
            entry,
            name=hostile if entry.name == "large" else entry.name,
            roles={role: name.replace("large", hostile) for role, name in entry.roles.items()},
        )
        for entry in run.manifest.systems
    ]
    footprints = [
        msgspec.structs.replace(item, system=hostile if item.system == "large" else item.system)
        for item in run.manifest.footprints
    ]
    manifest = msgspec.structs.replace(
        run.manifest, systems=tuple(renamed), footprints=tuple(footprints)
    )
    frames = {name: getattr(run, name).replace("large", hostile) for name in ("responses", "calls")}
    run = replace(run, manifest=manifest).with_frames(**frames)
    page = to_html(run, summarise(run))
    section = page[page.index('<section id="energy">') :]
    section = section[: section.index("</section>")]
    assert "<h2>Energy and size</h2>" in section and "<script" not in section
    assert "&lt;script&gt;" in section and "points right against small" in section
    assert section.count("<svg") == 2


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (None, "unknown"),
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1 kB"),
        (346_792, "347 kB"),
        (9_994_000, "9.99 MB"),
        (99_500_000, "100 MB"),
        (1.42e9, "1.42 GB"),
        (3e12, "3 TB"),
    ],
)
def test_bytes_in_words(n: float | None, words: str) -> None:
    assert bytes_words(n) == words


def test_parameters_in_words() -> None:
    assert [parameters_words(n) for n in (None, 7, 172_352, 7_240_000_000)] == [
        "unknown",
        "7",
        "172k",
        "7.24B",
    ]
