from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from evalsuite.errors import UserError
from evalsuite.records import Answer, Call, Fit, Message, Response, Sample, Score
from evalsuite.running.journal import Journal, Prompt

PROMPT = Prompt((Message("user", "what?"),), ("a", "b"))


def call(status: str = "ok", text: str = "4") -> Call:
    answer = Answer(text=text) if status == "ok" else None
    return Call(
        key="k",
        response_key="r",
        ordinal=0,
        role="",
        system="s",
        model="m",
        reason="",
        status=status,
        started_at=1.0,
        answer=answer,
    )


def response(key: str, sample: str = "1", status: str = "ok") -> Response:
    answer = Answer(text="4") if status == "ok" else None
    return Response(
        key=key,
        task="t",
        sample_id=sample,
        system="s",
        repeat=0,
        status=status,
        started_at=1.0,
        answer=answer,
    )


def test_what_is_put_is_read_back_after_reopening(tmp_path: Path) -> None:
    fit = Fit(
        key="f", task="t", system="s", split="train", n_samples=3, seconds=1.0, usd=None, note="n"
    )
    with closing(Journal(tmp_path)) as journal:
        journal.put_call(call())
        journal.put_response(response("r"), "answer")
        journal.put_scores("r", "scorer", [Score(name="right", value=1.0)])
        journal.put_fit(fit)
        journal.replace_samples(
            "t", iter([(Sample(id="1", inputs={"x": [1, "ü"]}, target={"y": None}), PROMPT)])
        )
    with closing(Journal(tmp_path)) as journal:
        assert journal.call("k") == call()
        assert journal.answered("r") == response("r")
        assert journal.scores("r", "scorer") == [Score(name="right", value=1.0)]
        assert journal.scores("r", "another scorer") is None
        assert journal.fit("f") == fit
        assert list(journal.samples("t")) == [
            (Sample(id="1", inputs={"x": [1, "ü"]}, target={"y": None}), PROMPT)
        ]


def recorded_call(folder: Path) -> Call | None:
    with closing(Journal(folder)) as journal:
        return journal.call("k")


def test_a_failure_is_replaced_by_a_later_success_and_never_the_other_way(tmp_path: Path) -> None:
    with closing(Journal(tmp_path)) as journal:
        journal.put_call(call("error"), usd_at_most=0.5, tokens_at_most=10)
    assert recorded_call(tmp_path) is None
    with closing(Journal(tmp_path)) as journal:
        assert journal.spent() == (0.5, 10)
        journal.put_call(call("ok", "first"), usd_at_most=0.25, tokens_at_most=7)
        journal.put_call(call("ok", "second"), usd_at_most=9.0)
        journal.put_call(call("error"), usd_at_most=9.0)
    known = recorded_call(tmp_path)
    assert known is not None and known.answer == Answer(text="first")
    with closing(Journal(tmp_path)) as journal:
        assert journal.spent() == (0.75, 17), "what the failure took stays taken"


def test_a_failed_response_is_on_record_but_not_answered(tmp_path: Path) -> None:
    with closing(Journal(tmp_path)) as journal:
        journal.put_response(response("r", status="system_error"), "answer")
    with closing(Journal(tmp_path)) as journal:
        assert journal.answered("r") is None
        recorded = journal.response("r")
        assert recorded is not None and recorded.status == "system_error"


def test_a_response_gets_its_calls_and_its_answer_back(tmp_path: Path) -> None:
    first, second = call("error"), msgspec.structs.replace(call(), key="k2", ordinal=1)
    from_second = msgspec.structs.replace(
        response("a"), calls=(first, second), answer=second.answer
    )
    of_its_own = msgspec.structs.replace(response("b"), calls=(second,), answer=Answer(text="9"))
    with closing(Journal(tmp_path)) as journal:
        journal.put_call(first)
        journal.put_call(second)
        journal.put_response(from_second, "answer")
        journal.put_response(of_its_own, "answer")
    with closing(Journal(tmp_path)) as journal:
        assert journal.answered("a") == from_second
        assert journal.answered("b") == of_its_own


def test_only_responses_of_this_session_or_taken_over_are_listed(tmp_path: Path) -> None:
    with closing(Journal(tmp_path)) as journal:
        for name in ("a", "b", "c"):
            journal.put_response(response(f"r{name}", name), "answer")
    with closing(Journal(tmp_path)) as journal:
        journal.replace_samples(
            "t", ((Sample(id=name, inputs={}), PROMPT) for name in ("d", "b", "a", "c"))
        )
        journal.take_over("rc")
        journal.take_over("rb")
        journal.put_response(response("rd", "d"), "answer")
        journal.flush()
        assert [sample.id for sample, _ in journal.current("t")] == ["d", "b", "c"]
        assert [sample.id for sample, _ in journal.current("t", "s")] == ["d", "b", "c"]
        assert list(journal.current("t", "another")) == []


def test_a_journal_of_another_version_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as connection:
        connection.execute("CREATE TABLE calls (key TEXT PRIMARY KEY)")
    with pytest.raises(UserError, match="another version of evalsuite; choose another --out"):
        Journal(tmp_path)


def test_samples_stream_in_pages(tmp_path: Path) -> None:
    with closing(Journal(tmp_path)) as journal:
        journal.replace_samples(
            "t", ((Sample(id=str(index), inputs={}), PROMPT) for index in range(1203))
        )
        assert [int(sample.id) for sample, _ in journal.samples("t")] == list(range(1203))


def test_a_folder_open_elsewhere_is_refused(tmp_path: Path) -> None:
    with closing(Journal(tmp_path)), pytest.raises(UserError, match="written by another process"):
        Journal(tmp_path)
    Journal(tmp_path).close()


def test_a_killed_process_loses_nothing_that_was_flushed(tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from tests.running.test_journal import Journal, response
journal = Journal(Path({str(tmp_path)!r}))
index = 0
while True:
    journal.put_response(response(f"r{{index}}", str(index)), "answer")
    journal.flush()
    print(index, flush=True)
    index += 1
"""
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    acknowledged = [int(child.stdout.readline()) for _ in range(50)][-1]
    os.kill(child.pid, signal.SIGKILL)
    acknowledged = max([acknowledged, *map(int, child.stdout.read().split())])
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    with closing(Journal(tmp_path)) as journal:
        assert all(journal.answered(f"r{index}") for index in range(acknowledged + 1))


def test_a_write_that_fails_reaches_the_caller(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal._put("INSERT INTO nowhere VALUES (?)", (1,))  # what a full disk looks like from here
    with pytest.raises(UserError, match="cannot write"):
        journal.flush()
    with pytest.raises(UserError, match="cannot write"):
        journal.close()
