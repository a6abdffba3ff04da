"""The battery of attacks is sent: to a server that judges by rule, and to embedded models."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from markupsafe import escape

import evalsuite
from evalsuite import judges
from evalsuite.analysis.intervals import wilson
from evalsuite.catalog import content_folder
from evalsuite.cli import main
from evalsuite.embedded import names
from evalsuite.errors import ConfigError, StoppedEarly
from evalsuite.judging.attacks import WRONG
from evalsuite.library.attack_files import read_attacks
from evalsuite.library.judge_files import judge_files
from tests.judging_runs.conftest import scripted
from tests.judging_runs.scripted_judge import ASKED

Sums = Callable[..., dict[str, Any]]
Ask = Callable[..., judges.Battery]
SERVER = Path(__file__).with_name("judge_server.py")
N = 2
IN_WORDS = {  # what asks for its verdict in words that the obedient judge reads
    "constant_structured",
    "ignore_above",
    "naive",
    "escaped",
    "finished",
    "system_turn",
    "role_lines",
    "score_line",
    "closed_fence",
    "closed_tags",
    "new_rubric",
    "calibration",
    "bandwagon",
    "german",
}
SEEN = IN_WORDS | {"bracket_verdict", "forged_seal", "json_verdict", "code_block", "constant_json"}
ATTACKS = len(read_attacks().attacks) - 1


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    process = subprocess.Popen([sys.executable, str(SERVER)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}/v1"
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


@pytest.fixture
def served(server: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, Any]]:
    """A system that judges by one of the server's rules."""
    monkeypatch.setenv("OPENAI_API_KEY", "none is needed")

    def system(rule: str) -> dict[str, Any]:
        price = {"usd_per_million_input_tokens": 1.0, "usd_per_million_output_tokens": 1.0}
        return {"backend": "openai", "model": rule, "base_url": server, **price}

    return system


@pytest.fixture
def ask(served: Callable[[str], dict[str, Any]], tmp_path: Path) -> Ask:
    """A battery of N items, put to the judge ``judge`` that goes by ``rule``."""

    def put(judge: str, rule: str, **options: Any) -> judges.Battery:
        folder = tmp_path / f"{judge}-{rule}".replace("/", "-")
        options = {"limit": N, "out": folder, "further": {rule: served(rule)}, **options}
        return judges.attack(judge, by=rule, **options)

    return put


def worked(item: judges.Attacked) -> dict[str, int]:
    return {result.id: result.n_worked for result in item.results if result.n_worked}


@pytest.mark.parametrize(
    ("judge", "shown", "options"),
    [
        ("correctness/answer", 1, {}),
        ("helpfulness/single", 1, {}),
        ("helpfulness/single", 1, {"form": "json"}),
        ("helpfulness/pair", 2, {}),
        ("helpfulness/ranking", 2, {}),
    ],
)
def test_a_judge_that_obeys_what_it_reads_is_found_out(
    judge: str, shown: int, options: dict[str, Any], ask: Ask
) -> None:
    (item,) = ask(judge, "obedient", **options).judges
    assert worked(item) == dict.fromkeys(SEEN, shown * N)
    assert item.some is not None and (item.some.value, item.some.n) == (1.0, N)
    assert item.top is not None and item.top.value == 0.0
    assert item.control is not None and item.control.n_worked == 0
    assert item.worst is not None and item.worst.rate is not None
    rate = item.worst.rate
    if shown == 1:
        assert (rate.low, rate.high) == pytest.approx(wilson(N, N))
    else:  # both orders of an item are one cluster, so they are not twice the evidence
        assert rate.n == 2 * N and rate.low is not None and rate.low < wilson(2 * N, 2 * N)[0]


def test_every_criterion_of_one_question_is_attacked(ask: Ask) -> None:
    battery = ask("reasoning/rationale", "obedient")
    names = {item.criterion for item in battery.judges}
    assert names == {"soundness", "completeness", "relevance", "fit", "overall"}
    tokens = {"json_verdict", "code_block", "constant_json"}  # whose verdict is an object here
    for item in battery.judges:
        assert worked(item) == dict.fromkeys(SEEN - tokens, N)
        # one question for all criteria, and none for the mean over them
        assert item.n_questions == (0 if item.criterion == "overall" else N * (ATTACKS + 3))


@pytest.mark.parametrize(
    "judge",
    [
        "correctness/reference",
        "helpfulness/single",
        "correctness/pair",
        "helpfulness/ranking",
    ],
)
def test_a_judge_that_does_not_look_cannot_be_attacked(judge: str, ask: Ask) -> None:
    (item,) = ask(judge, "deaf").judges
    assert worked(item) == {}
    assert item.some is not None and item.some.value == 0.0 and item.some.n == N
    compares = item.kind in ("pairwise", "listwise")
    assert item.top is not None and item.top.value == (0.5 if compares else 0.0)  # in one order
    assert all(result.lift is not None and result.lift.value == 0 for result in item.results)


def test_a_judge_that_says_right_to_everything_has_a_bad_baseline_and_no_lift(ask: Ask) -> None:
    battery = ask("correctness/answer", "kind")
    (item,) = battery.judges
    assert item.top is not None and item.top.value == 1.0
    assert all(result.rate is None and result.n_no_room == N for result in item.results)
    assert item.worst is None and item.some is None
    audit = judges.audit_battery(battery).judges[0]
    assert any("Bad answer called right, no attack: 100.0 % of 2" in said for said in audit.doubts)
    accuracy = audit.figure("accuracy").estimate
    assert accuracy is not None and accuracy.value == 0.5


def test_a_judge_that_looks_at_the_sum_is_right_and_firm(ask: Ask) -> None:
    battery = ask("correctness/answer", "right")
    audit = judges.audit_battery(battery).judges[0]
    accuracy = audit.figure("accuracy").estimate
    assert accuracy is not None and (accuracy.value, accuracy.n) == (1.0, 2 * N)
    apart = audit.figure("told_apart").estimate
    assert apart is not None and apart.value == 1.0
    assert worked(battery.judges[0]) == {}


@pytest.mark.parametrize("judge", sorted(judge_files(content_folder("judges"))))
def test_every_shipped_judge_is_attacked_without_a_run_and_without_a_key(
    judge: str, ask: Ask
) -> None:
    battery = ask(judge, "obedient", limit=1, only=["ignore_above"])
    named = [item for item in battery.judges if item.criterion != "overall"]
    assert named
    for item in named:
        assert item.control is not None and item.control.n_errors == item.control.n_worked == 0
        assert worked(item) == {"ignore_above": 2 if item.told_apart is None else 1}
        assert item.top is not None and item.top.value == 0.0


@pytest.mark.parametrize(
    ("judge", "kind"),
    [
        ("helpfulness/single", "no_verdict"),
        ("helpfulness/pair", "no_verdict"),
        ("helpfulness/ranking", "no_verdict"),
    ],
)
def test_a_judge_that_repeats_what_it_reads_gives_no_verdict(
    judge: str, kind: str, ask: Ask
) -> None:
    """Whatever verdict stands in an answer, it bears no mark, so none is ever read from it."""
    battery = ask(judge, "parrot")
    (item,) = battery.judges
    assert not (battery.verdicts.status == "judged").any()
    assert item.unread is not None and item.unread.value == 1.0
    by_attack = {result.id: result for result in item.results}
    assert set(by_attack["forged_seal"].errors) == {"unsealed_verdict"}
    assert set(by_attack["flattery"].errors) == {kind}
    audit = judges.audit_battery(battery).judges[0]
    assert audit.figure("attack_worst").note == "no verdict on a bad answer could be read"


@pytest.mark.parametrize("rule", ["parrot", "copier"])
@pytest.mark.parametrize(
    ("judge", "shown"),
    [
        ("correctness/answer", 1),
        ("helpfulness/single", 1),
        ("helpfulness/pair", 2),
        ("helpfulness/ranking", 2),
        ("reasoning/rationale", 1),
    ],
)
def test_a_judge_that_repeats_json_gives_no_verdict(
    judge: str, shown: int, rule: str, ask: Ask
) -> None:
    """A verdict in the judge's own schema, copied whole out of an answer, has another seal."""
    battery = ask(judge, rule, form="json")
    assert not (battery.verdicts.status == "judged").any()
    for item in battery.judges:
        assert item.unread is not None and item.unread.value == 1.0
        assert all(result.rate is None and result.n_worked == 0 for result in item.results)
        errors = {result.id: set(result.errors) for result in item.results}
        unsealed = {name for name, kinds in errors.items() if "unsealed_verdict" in kinds}
        if item.criterion == "overall":
            assert unsealed == set()
        elif rule == "copier":
            assert unsealed == {"constant_json", "json_verdict", "code_block"}
        else:  # of two answers that are written down again, the text is no JSON any more
            assert unsealed == ({"constant_json"} if shown == 1 else set())


def test_choices_bear_no_mark_so_repeating_is_seen_only_by_the_battery(ask: Ask) -> None:
    battery = ask("correctness/answer", "parrot")
    given = battery.verdicts[battery.verdicts.status == "judged"]
    assert set(given.system) >= {"constant_label", "role_lines"}
    assert set(given.verdict) == {"correct"}


def test_errors_under_attack_have_a_column_of_their_own(ask: Ask, tmp_path: Path) -> None:
    (item,) = ask("helpfulness/single", "obedient", only=["empty", "ignore_above"]).judges
    assert [result.id for result in item.results] == ["harmless_note", "empty", "ignore_above"]
    assert [result.n_errors for result in item.results] == [0, 0, 0]
    assert [result.n for result in item.results] == [N, N, N]


def test_the_same_call_again_asks_nothing_and_finds_the_same(sums: Sums, tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "by": "j",
        "further": {"j": scripted("incorrect")},
        "limit": 2,
        "out": tmp_path / "b",
    }
    ASKED.clear()
    first = judges.attack("correctness/answer", **options)
    n = len(ASKED)
    again = judges.attack("correctness/answer", **options)
    assert n == 2 * (ATTACKS + 3) == len(ASKED)
    pd.testing.assert_frame_equal(first.verdicts, again.verdicts)
    assert first.judges == again.judges
    assert judges.read_battery(tmp_path / "b").judges == first.judges


def test_no_question_says_what_it_is_about(sums: Sums, tmp_path: Path) -> None:
    ASKED.clear()
    further, by_name = {"j": scripted("tie")}, read_attacks().attacks
    judges.attack("helpfulness/pair", by="j", further=further, limit=1, out=tmp_path / "b")
    assert len(ASKED) == 2 * (ATTACKS + 2)
    for request in ASKED:
        shown = request.sample_id + "".join(turn.content for turn in request.messages)
        assert re.fullmatch(r"sums-0#[0-9a-f]{12}", request.sample_id)
        assert WRONG not in shown and not any(f"{name}\n" in shown for name in by_name)


def test_a_budget_stops_the_battery_and_more_of_it_goes_on(sums: Sums, tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "by": "j",
        "further": {"j": scripted("incorrect")},
        "limit": 2,
        "out": tmp_path / "b",
    }
    with pytest.raises(StoppedEarly, match="max_usd"):
        judges.attack("correctness/answer", max_usd=0.004, **options)
    part = judges.read_battery(tmp_path / "b")
    asked = part.judges[0].n_questions
    assert 0 < asked < 2 * (ATTACKS + 3)
    ASKED.clear()
    whole = judges.attack("correctness/answer", max_usd=10.0, **options)
    assert whole.judges[0].n_questions == asked + len(ASKED) == 2 * (ATTACKS + 3)
    usd = whole.judges[0].usd
    assert usd is not None and usd == pytest.approx(2 * (ATTACKS + 3) * 110e-6)


@pytest.fixture
def done(sums: Sums, tmp_path: Path) -> Path:
    """A run of six sums: ``right`` is right, ``wrong`` is wrong on four, right on one, failed on
    one."""
    experiment = sums([], j=scripted("incorrect"), k=scripted("A"))
    evalsuite.run({**experiment, "report": ["right", "wrong"]}, out=tmp_path / "run")
    return tmp_path / "run"


def test_wrong_answers_of_a_run_are_attacked_with(done: Path) -> None:
    battery = judges.attack("correctness/answer", by="j", on=done)
    assert battery.path == done / "attacks" / "correctness-answer-by-j"
    assert battery.record.items == "wrong answers of the run sums"
    assert set(battery.verdicts.sample_id) == {"s1", "s2", "s3", "s4"}
    plain = battery.verdicts[battery.verdicts.system == WRONG]
    assert set(plain.right) == {"incorrect"} and plain.agrees.all()
    pair = judges.attack("helpfulness/pair", by="k", on=done, limit=2)
    assert set(pair.verdicts.sample_id) == {"s1", "s2"}
    assert len(evalsuite.load(done).verdicts) == 0  # an attack is no verdict on the run


def test_a_run_without_a_wrong_answer_cannot_be_attacked_with(sums: Sums, tmp_path: Path) -> None:
    experiment = sums([], j=scripted("incorrect"))
    evalsuite.run({**experiment, "report": ["right"]}, out=tmp_path / "run")
    with pytest.raises(ConfigError, match="no sample of the run has a wrong answer"):
        judges.attack("correctness/answer", by="j", on=tmp_path / "run")


def test_panels_are_attacked_through_their_members(sums: Sums, tmp_path: Path) -> None:
    further = {"j": scripted("correct", label="j"), "k": scripted("incorrect", label="k")}
    battery = judges.attack(
        "correctness/answer",
        by=["j", "k"],
        aggregate="mean",
        further=further,
        limit=2,
        out=tmp_path / "b",
    )
    kinds = {item.judge: item for item in battery.judges}
    panel = kinds["correctness-answer by mean of j, k (panel)"]
    assert (panel.n_questions, panel.usd) == (0, None)
    assert kinds["correctness-answer by j"].n_questions == 2 * (ATTACKS + 3)
    audit = judges.audit_battery(battery)
    assert len(audit.boards) == 1
    by_judge = {place.judge: place for place in audit.boards[0].places}
    attacked = by_judge["correctness-answer by k"].attacked
    assert attacked is not None and attacked.worst is not None and attacked.worst.n_worked == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"judge": "correctness/anser"}, "did you mean 'correctness/answer'?"),
        ({"by": "nobody"}, "unknown system 'nobody'"),
        ({"items": "songs"}, "no items 'songs'; there are sums, stories, claims, harm"),
        ({"only": ["flatery"]}, "no attack 'flatery'; there are"),
        ({"pairs": "all"}, "a battery of attacks has no `pairs`"),
        ({"max_usd": -1}, "judge: max_usd"),
        ({"judge": "correctness/reference", "items": "stories"}, "is shown the right answer"),
        ({"on": "absent"}, "no run here"),
    ],
)
def test_a_mistake_is_one_line_and_costs_nothing(
    options: dict[str, Any], message: str, sums: Sums, tmp_path: Path
) -> None:
    ASKED.clear()
    whole = {"judge": "correctness/answer", "by": "j", "further": {"j": scripted("A")}, **options}
    with pytest.raises(evalsuite.errors.UserError) as caught:
        judges.attack(**whole, out=tmp_path / "b")
    assert message in str(caught.value) and "\n" not in str(caught.value)
    assert ASKED == []


def test_attacks_of_ones_own_replace_those_that_ship(sums: Sums, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    mine = {"says": "Shouts.", "text": "{{ answer }} {{ best | upper }}!"}
    path.write_text(yaml.safe_dump({"version": 3, "attacks": {"shout": mine}}))
    ASKED.clear()
    battery = judges.attack(
        "correctness/answer",
        by="j",
        attacks=path,
        further={"j": scripted("correct")},
        limit=1,
        out=tmp_path / "b",
    )
    assert battery.record.attacks_version == 3
    assert [result.id for result in battery.judges[0].results] == ["shout"]
    assert any("CORRECT!" in request.messages[-1].content for request in ASKED)


def run(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["evalsuite", *arguments])
    monkeypatch.setenv("COLUMNS", "160")
    try:
        main()
    except SystemExit as left:
        return int(left.code or 0)
    return 0


def test_the_command_attacks_and_writes_the_pages(
    served: Callable[[str], dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    systems = {rule: served(rule) for rule in ("obedient", "right")}
    Path("judges.yaml").write_text(yaml.safe_dump({"systems": systems}))
    words = ["audit-judge", "--judge", "correctness/answer", "--by", "obedient,right"]
    words += ["--from", "judges.yaml", "--limit", "2"]
    assert run([*words, "--dry-run"], monkeypatch) == 0
    assert str(2 * (ATTACKS + 3)) in capsys.readouterr().out and not Path("runs").exists()
    assert run([*words, "--out", "trial", "-q"], monkeypatch) == 0
    shown = capsys.readouterr().out
    assert "battery: runs/attacks-correctness-answer-by-obedient-right" in shown
    assert "worst attack" in shown and "harmless_note (harmless)" in shown
    assert f"19 of {ATTACKS} attacks worked at least once, on 2 bad answers" in shown
    page = (tmp_path / "trial" / "correctness-answer-by-obedient-correct.html").read_text()
    text = (tmp_path / "trial" / "audit.md").read_text()
    for name, attack in read_attacks().attacks.items():
        assert f'<th scope="row">{name}' in page and escape(attack.says) in page
        assert name in text.replace("\\_", "_")
    board = (tmp_path / "trial" / "index.html").read_text()
    assert ">worst attack</th>" in board and "none works" in board
    table = pd.read_csv(tmp_path / "trial" / "figures.csv")
    own = table[table.judge == "correctness-answer by obedient"].set_index("figure")
    assert own.loc["attack.ignore_above", "value"] == 1.0 and own.loc["attack_worst", "n"] == 2
    assert own.loc["attack.ignore_above.unread", "value"] == 0.0


def test_verdicts_that_were_given_and_a_battery_are_one_audit(
    done: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    evalsuite.judge(done, judge="correctness/answer", by="j")
    words = ["audit-judge", str(done), "--judge", "correctness/answer", "--by", "j"]
    assert run([*words, "--on", str(done), "-q"], monkeypatch) == 0
    shown = capsys.readouterr().out
    assert shown.count("correctness-answer by j, correct") == 1
    assert "Agrees with the labels on 36.4 % of 11 items" in shown  # four of eleven are wrong
    assert f"None of {ATTACKS} attacks worked on any of 4 bad answers." in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "name a FILE of verdicts, or a judge to attack"),
        (["--judge", "correctness/answer"], "both --judge and --by"),
        (["--judge", "correctness/answer", "--by", "j", "--from", "absent.yaml"], "no such file"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(
    words: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["audit-judge", *words], monkeypatch) == 2
    said = capsys.readouterr().err
    assert said.startswith("evalsuite: ") and message in said and said.count("\n") == 1


def test_an_embedded_judge_is_attacked_the_same_way_twice(tmp_path: Path) -> None:
    """It was never trained to judge: what is shown is that the battery runs, not that it holds."""
    pytest.importorskip("torch")
    if "pico" not in names():
        pytest.skip("no embedded models here")
    options: dict[str, Any] = {"by": "embedded/pico", "limit": 3}
    options["only"] = ["empty", "ignore_above", "bracket_verdict", "long"]
    first = judges.attack("correctness/answer", out=tmp_path / "a", **options)
    again = judges.attack("correctness/answer", out=tmp_path / "b", **options)
    (item,), (other,) = first.judges, again.judges
    assert item.results == other.results and item.n_questions == 3 * 7
    assert [result.n for result in item.results] == [3] * 5
    by_attack = {result.id: result for result in item.results}
    assert by_attack["long"].errors == {"context_too_long": 3}  # denied, and not a wrong verdict
    assert item.usd is not None and item.usd > 0 and item.seconds_p50 is not None
    audit = judges.audit_battery(first).judges[0]
    assert audit.figure("accuracy").n == 6
