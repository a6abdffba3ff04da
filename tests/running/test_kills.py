"""Killed at fifty random instants, a run of a cascade pays for no answer that it had on record."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pandas as pd
import yaml

import evalsuite
from tests.running.sums import hash_of, stub_system, sums_task, write_sums
from tests.servers.processes import StubServer, running_stub

N = 400
KILLS = 50
CONCURRENCY = 8
LONGEST_SECONDS = 0.2  # from the start of a session, or from its first question, to the kill
SHARE_AFTER_FIRST_QUESTION = 0.75
TIERS = ("small", "middle", "large")
DETERMINED = [
    "system",
    "sample_id",
    "repeat",
    "status",
    "text",
    "success",
    "n_calls",
    "usd",
    "input_tokens",
    "output_tokens",
]


# Hash of a question, by tier and right sum.
Questions = dict[tuple[str, int], str]


def write_experiment(folder: Path, server: StubServer) -> Questions:
    """An experiment of sums for a cascade of three tiers: half of all go on at each hop."""
    rows = write_sums(folder / "test.jsonl", N)
    content = {
        "name": "killed",
        "tasks": [sums_task(folder / "test.jsonl")],
        "systems": {
            **{name: stub_system(server, name, logprobs=True) for name in TIERS},
            "cascade": {
                "hybrid": "cascade",
                "tiers": list(TIERS),
                "signal": "mean_logprob",
                "threshold": [-0.5, -0.5],
            },
        },
        "report": ["cascade"],
        "concurrency": CONCURRENCY,
    }
    (folder / "experiment.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return {(tier, row["sum"]): hash_of(row, tier) for row in rows for tier in TIERS}


class Sessions:
    """Starts runs in forked children of one warm process."""

    def __init__(self, process: subprocess.Popen[str], experiment: Path, out: Path) -> None:
        self._process = process
        self._order = json.dumps({"experiment": str(experiment), "out": str(out)})

    def start(self) -> int:
        """Process id of a session that begins now."""
        return self._told(self._order)

    def end(self) -> int:
        """Wait for its end; its return code."""
        return self._told("")

    def _told(self, line: str) -> int:
        assert self._process.stdin is not None and self._process.stdout is not None
        print(line, file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())


@contextmanager
def warm_process(experiment: Path, out: Path) -> Iterator[Sessions]:
    command = [sys.executable, "-m", "tests.running.forked_runs"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Sessions(process, experiment, out)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait() == 0


def on_record(run: Path, questions: Questions) -> set[str]:
    """Hashes of the questions whose answers are in the journal. An answer names its question."""
    journal = run / "journal.sqlite"
    if not journal.exists():
        return set()
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as connection:
        try:
            rows = connection.execute("SELECT body FROM calls WHERE status = 'ok'").fetchall()
        except sqlite3.OperationalError:  # killed before the tables were made
            return set()
    found = set()
    for (body,) in rows:
        call = json.loads(body)
        number = int(call["answer"]["text"].rpartition("#### ")[2])
        found.add(questions[call["model"], number - number % 3])
    return found


def wait_for_more_than(asked: int, server: StubServer) -> None:
    """Return when the server has been asked more, or after a second: perhaps nothing is left."""
    for _ in range(200):
        if server.stats()["asked"] > asked:
            return
        time.sleep(0.005)


def outcome(path: Path) -> pd.DataFrame:
    frame = evalsuite.load(path).responses[DETERMINED]
    return frame.sort_values(DETERMINED[:3]).reset_index(drop=True)


def test_fifty_kills_cost_only_what_was_in_flight(tmp_path: Path) -> None:
    with running_stub() as server:
        write_experiment(tmp_path, server)
        evalsuite.run(tmp_path / "experiment.yaml", out=tmp_path / "whole")

    dice = random.Random(7)
    killed = tmp_path / "killed"
    recorded: list[set[str]] = []  # what was on record at the end of each session
    with running_stub(latency_ms=40, jitter_ms=40) as server:
        questions = write_experiment(tmp_path, server)
        with warm_process(tmp_path / "experiment.yaml", killed) as sessions:
            while len(recorded) < KILLS:
                asked = server.stats()["asked"]
                session = sessions.start()
                if dice.random() < SHARE_AFTER_FIRST_QUESTION:
                    wait_for_more_than(asked, server)
                time.sleep(dice.uniform(0, LONGEST_SECONDS))
                os.kill(session, signal.SIGKILL)
                if sessions.end() == -signal.SIGKILL:
                    recorded.append(on_record(killed, questions))
                    server.next_epoch()
            sessions.start()
            assert sessions.end() == 0
        contents = server.stats(contents=True)["contents"]

    pd.testing.assert_frame_equal(outcome(killed), outcome(tmp_path / "whole"))
    done = evalsuite.load(killed)
    assert not done.calls.duplicated("key").any()
    assert len(done.calls) == len(contents)
    hops = Counter(done.responses.n_calls)
    assert hops == {1: N / 2, 2: N / 4, 3: N / 4}

    extra = Counter(epoch for asked in contents.values() for epoch in asked[2][:-1])
    for question, (_, _, epochs) in contents.items():
        assert len(set(epochs)) == len(epochs), "asked twice in one session"
        for epoch in epochs[1:]:
            assert question not in recorded[epoch - 1], "asked again although it was on record"
    assert len(extra) > KILLS / 2, "most kills should meet questions in flight"
    assert extra.total() <= KILLS * CONCURRENCY
    # A hop may begin before the answer to the one before it is on disk, a few milliseconds later.
    assert max(extra.values()) <= 2 * CONCURRENCY
