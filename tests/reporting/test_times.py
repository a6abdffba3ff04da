from __future__ import annotations

from dataclasses import replace

from evalsuite.reporting.times import TITLES, latency_sentence, part_notes, part_rows, time_cells
from tests.reporting.conftest import Reported


def test_percentiles_have_intervals_or_say_that_n_is_too_small(reported: Reported) -> None:
    found = {item.system: item for item in reported.summary.latencies}
    cells = dict(zip(TITLES, time_cells(found["large"]), strict=True))
    assert (cells["timed"].main, cells["timed"].small) == ("24", "of 24")
    assert cells["p50"].main == "100 ms" and cells["p50"].value == 0.1
    # 24 answers bound a median on both sides, a 99th percentile from below alone
    assert cells["p50"].small == "100–100 ms"
    assert cells["p99"].small == "≥ 100 ms"
    assert "p99 100 ms (≥ 100 ms), n 24." in latency_sentence(found["large"])


def test_a_failure_is_beside_the_times_and_in_them_at_worst(reported: Reported) -> None:
    found = {item.system: item for item in reported.summary.latencies}
    timed = time_cells(found["vendor"])[0]
    assert (timed.main, timed.small) == ("23", "of 24, 1 failed")
    assert latency_sentence(found["vendor"]).endswith("n 23; 4.2 % failed.")


def test_what_is_unknown_of_all_is_said(reported: Reported) -> None:
    rows = list(part_rows(reported.summary.latencies))
    assert {title for _, title, _ in rows} == {"waiting", "service"}
    notes = part_notes(reported.summary.latencies)
    assert notes[-1] == "not known of any answer: time to first token, time per output token"


def test_an_untimed_system_has_words_instead(reported: Reported) -> None:
    item = replace(reported.summary.latencies[0], times={}, n_timed=0, n_failed=0, n_untimed=24)
    cells = time_cells(item)
    assert cells[0].small == "of 24, 24 without a time"
    assert {(cell.main, cell.small) for cell in cells[1:]} == {("–", "not timed")}
    assert latency_sentence(item).endswith("no answer was timed.")
