"""RAPL over trees of files as the kernel lays them out; no machine here has the real thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalsuite.systems.energy import rapl as module
from evalsuite.systems.energy.counters import CounterLost
from evalsuite.systems.energy.rapl import RaplDomain, rapl
from tests.systems.energy.machine import domain, two_sockets


def test_packages_and_memory_count_and_their_parts_do_not(tmp_path: Path) -> None:
    files = two_sockets(tmp_path)
    counters = rapl(tmp_path).counters
    assert [counter.name for counter in counters] == [
        "RAPL package-0",
        "RAPL package-1",
        "RAPL package-0 dram",
        "RAPL package-1 dram",
    ]
    assert [counter.joules() for counter in counters] == [0.0] * 4
    files["package-0"].write_text("3500000")
    files["core-0"].write_text("3000000")
    files["dram-1"].write_text("750000")
    assert [counter.joules() for counter in counters] == [2.5, 0.0, 0.0, 0.25]


def test_a_counter_that_goes_round_goes_on(tmp_path: Path) -> None:
    file = domain(tmp_path, "intel-rapl:0", "package-0", 262_143_000_000)
    counter = RaplDomain(tmp_path / "intel-rapl:0", "RAPL package-0")
    file.write_text("656671150")  # 0.328850 kJ to the end of the round and 0.656671150 kJ after
    assert counter.joules() == pytest.approx(328.850 / 1e3 + 656.671150)
    file.write_text("1656671150")
    assert counter.joules() == pytest.approx(0.32885 + 1656.671150)
    assert counter.longest_seconds == pytest.approx(524.28, abs=0.01)  # a round at 500 W


def test_one_unreadable_counter_makes_all_of_them_unreadable(tmp_path: Path) -> None:
    files = two_sockets(tmp_path)
    files["dram-1"].unlink()
    files["dram-1"].mkdir()  # root may read any file, but no folder
    found = rapl(tmp_path)
    assert found.counters == ()
    assert "cannot be read" in found.problem and "energy_uj" in found.problem
    assert "chmod a+r" in found.remedy


def test_a_counter_that_is_taken_away_is_lost_and_not_zero(tmp_path: Path) -> None:
    file = domain(tmp_path, "intel-rapl:0", "package-0", 5)
    (counter,) = rapl(tmp_path).counters
    file.write_text("garbage")
    with pytest.raises(CounterLost, match="no number"):
        counter.joules()
    file.unlink()
    with pytest.raises(CounterLost, match="No such file"):
        counter.joules()


def test_a_machine_without_any_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    domain(tmp_path, "intel-rapl:0", "psys", 5)
    assert rapl(tmp_path).counters == ()
    monkeypatch.setattr(module, "POWERCAP", tmp_path / "absent")
    assert "no energy counter" in rapl().problem
