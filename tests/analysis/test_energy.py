from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from evalsuite.analysis.energy import EnergyFigures, energy_figures
from evalsuite.analysis.intervals import ratio_of_sums
from evalsuite.analysis.rows import rows_of
from evalsuite.analysis.summary import summarise
from evalsuite.store import Run
from tests.analysis.frames import Given, Hop, build_run, system, task

RAPL = "measured: RAPL package-0"
STATED = "estimated: 15 W stated x machine seconds"


def hop(joules: float | None, idle: float | None = None, **more: str | None) -> Hop:
    basis = more.pop("basis", RAPL)
    return Hop(joules=joules, idle_joules=idle, joules_basis=basis, **more)  # type: ignore[arg-type]


def run_of(answers: Sequence[Given], tmp_path: Path, **price: object) -> Run:
    systems = [system(name, price=dict(price)) for name in ("small", "large")]
    return build_run(tmp_path, [task(n=20)], systems, answers)


def only(run: Run, name: str = "small") -> EnergyFigures:
    (found,) = figures_of(run, [name])
    return found


def figures_of(run: Run, names: Sequence[str]) -> tuple[EnergyFigures, ...]:
    rows = rows_of(run, [entry.name for entry in run.manifest.systems])
    return energy_figures(rows, run.manifest.systems, names)


def test_sums_and_ratios_by_hand(tmp_path: Path) -> None:
    """Ten answers of 4 J, 1 J of it idle, of which one failed and six are right."""
    answers = [
        Given(
            sample=str(i),
            success=None if i == 9 else i < 6,
            error_kind="timeout" if i == 9 else None,
            hops=[hop(4.0, 1.0)],
        )
        for i in range(10)
    ]
    found = only(run_of(answers, tmp_path))
    assert (found.n_attempted, found.n_answered, found.n_successes, found.n_calls) == (10, 9, 6, 10)
    assert (found.joules, found.idle_joules, found.net_joules) == (40.0, 10.0, 30.0)
    assert found.per_request is not None and found.per_success is not None
    assert found.per_request.value == 4.0
    assert found.per_answer == pytest.approx(40 / 9)
    assert found.per_success.value == pytest.approx(40 / 6)
    alone = ratio_of_sums([4.0] * 10, [float(i < 6) for i in range(10)], list("0123456789"))
    assert alone is not None
    assert (found.per_success.low, found.per_success.high) == pytest.approx((alone.low, alone.high))
    assert found.kilowatt_hours == pytest.approx(40 / 3.6e6)
    assert found.bases == {RAPL: 10} and found.kinds == ("measured",)


def test_one_unknown_call_makes_the_sum_unknown_and_not_smaller(tmp_path: Path) -> None:
    answers = [Given(sample=str(i), hops=[hop(2.0, 0.5), hop(1.0)]) for i in range(9)]
    answers.append(Given(sample="9", hops=[hop(2.0, 0.5), hop(None, basis=None)]))
    found = only(run_of(answers, tmp_path))
    assert found.joules is found.idle_joules is found.net_joules is found.kilowatt_hours is None
    assert found.per_request is found.per_answer is found.per_success is None
    assert (found.n_unknown_calls, found.known_joules) == (1, 29.0)
    assert found.bases == {RAPL: 19, "unknown": 1} and found.kinds == ("measured", "unknown")


def test_idling_may_be_unknown_where_joules_are_not(tmp_path: Path) -> None:
    found = only(run_of([Given(hops=[hop(2.0, None, basis=STATED)])], tmp_path))
    assert (found.joules, found.idle_joules, found.net_joules) == (2.0, None, None)


def test_kinds_are_told_apart_and_refusals_are_none(tmp_path: Path) -> None:
    hops = [hop(2.0), hop(1.0, basis=STATED), hop(0.0, basis="nothing was computed")]
    found = only(run_of([Given(hops=hops)], tmp_path))
    assert found.joules == 3.0 and set(found.kinds) == {"measured", "estimated"}
    assert found.bases["nothing was computed"] == 1


def test_no_success_takes_infinitely_many_joules(tmp_path: Path) -> None:
    answers = [Given(sample=str(i), success=False, hops=[hop(1.0)]) for i in range(6)]
    found = only(run_of(answers, tmp_path))
    assert found.per_success is not None and math.isinf(found.per_success.value)
    assert found.joules == 6.0


def test_a_lower_bound_is_not_below_zero(tmp_path: Path) -> None:
    answers = [Given(sample=str(i), hops=[hop(100.0 if i == 0 else 0.001)]) for i in range(8)]
    found = only(run_of(answers, tmp_path)).per_request
    assert found is not None and found.low == 0.0 and (found.high or 0) > 12.5


def test_tariffs_are_by_the_model_that_took_the_energy(tmp_path: Path) -> None:
    hops = [hop(3.6e6), hop(7.2e6, member="large")]
    run = run_of([Given(hops=hops)], tmp_path, usd_per_kwh=0.25)
    found = only(run)
    assert found.energy_usd == pytest.approx(0.75) and found.grams_co2e is None
    free = msgspec.structs.replace(run.manifest.systems[0], price={"usd_per_kwh": 0.25})
    other = msgspec.structs.replace(run.manifest.systems[1], price={})
    manifest = msgspec.structs.replace(run.manifest, systems=(free, other))
    assert only(replace(run, manifest=manifest)).energy_usd is None, "the large one has no tariff"


def test_practice_is_in_no_figure_and_absent_systems_have_none(tmp_path: Path) -> None:
    run = run_of([Given(hops=[hop(2.0)])], tmp_path)
    practising = run.calls.assign(phase="fit")
    assert only(run.with_frames(calls=practising)).n_calls == 0
    assert figures_of(run, ["nobody"]) == ()


def test_the_summary_has_the_energy_of_every_system(tmp_path: Path) -> None:
    answers = [
        Given(sample=str(i), system=name, hops=[hop(joules, member=name)])
        for i in range(6)
        for name, joules in (("small", 1.0), ("large", 8.0))
    ]
    found = {item.system: item.joules for item in summarise(run_of(answers, tmp_path)).energy}
    assert found == {"small": 6.0, "large": 48.0}
