"""Batches against a real server process; see ``batch_server``."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from evalsuite.errors import CallFailed, CallRefused, ConfigError, UserError
from evalsuite.records import Completion, Message, Request
from evalsuite.systems.openai import OpenAISpec
from evalsuite.systems.openai.batch import BatchModel, BatchOptions
from evalsuite.systems.price import usd_of
from evalsuite.systems.resources import Resources

SECRET = "sk-very-secret-0123456789"


class BatchServer:
    """The server process, as a test talks to it."""

    def __init__(self, port: int) -> None:
        self.base_url = f"http://127.0.0.1:{port}/v1"
        self._address = f"http://127.0.0.1:{port}"

    def rules(self, **rules: Any) -> None:
        data = json.dumps(rules).encode()
        urllib.request.urlopen(f"{self._address}/rules", data=data, timeout=10).close()

    @property
    def state(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self._address}/state", timeout=10) as reply:
            return json.load(reply)

    def sizes(self) -> list[int]:
        return sorted(map(len, self.state["prompts"]))


@pytest.fixture(scope="module")
def server_process() -> Iterator[BatchServer]:
    program = Path(__file__).with_name("batch_server.py")
    process = subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield BatchServer(int(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


@pytest.fixture
def server(server_process: BatchServer) -> BatchServer:
    server_process.rules(reset=True)
    return server_process


@asynccontextmanager
async def batches(
    server: BatchServer, resources: Resources | None = None, **options: Any
) -> AsyncIterator[BatchModel]:
    spec = OpenAISpec(
        model="m",
        base_url=server.base_url,
        mode="batch",
        backoff_seconds=0.01,
        max_backoff_seconds=0.05,
        usd_per_million_input_tokens=2.0,
        usd_per_million_output_tokens=8.0,
        max_retries=options.pop("max_retries", 2),
        api_key_env=options.pop("api_key_env", "OPENAI_API_KEY"),
    )
    fast = {"gather_seconds": 0.05, "poll_seconds": 0.02, **options}
    model = BatchModel(spec, resources or Resources(), BatchOptions(**fast))
    try:
        yield model
    finally:
        await model.close()


def ask(prompt: str, **options: Any) -> Request:
    turn = Message(role="user", content=prompt)
    options = {"sample_id": prompt, "inputs": {}, "task": "t", **options}
    return Request(messages=(turn,), **options)


async def answers(model: BatchModel, *prompts: str) -> list[Any]:
    """What becomes of ``prompts``, all asked at once."""
    asked = [model.complete(ask(prompt), None) for prompt in prompts]
    return await asyncio.gather(*asked, return_exceptions=True)


def texts(results: list[Any]) -> list[str | None]:
    assert all(isinstance(result, Completion) for result in results), results
    return [result.answer.text for result in results]


async def until(condition: Any) -> None:
    give_up = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < give_up
        await asyncio.sleep(0.02)


# -- a whole batch -------------------------------------------------------------------------------


async def test_requests_become_one_batch_and_its_lines_their_answers(server: BatchServer) -> None:
    notes: list[str] = []
    async with batches(server, Resources(say=notes.append)) as model:
        results = await answers(model, "a", "ü\u2028", "c")
        assert model.limiter.in_flight == 0
        assert model.cacheable
        assert model.limiter.limit == 20_000
    assert texts(results) == ["about a", "about ü\u2028", "about c"]
    assert server.sizes() == [3]
    first = results[0]
    assert (first.input_tokens, first.output_tokens, first.tokens_counted_by) == (10, 5, "provider")
    # (10 x 2 + 5 x 8) / 1e6, halved
    assert usd_of(first, model.price)[0] == pytest.approx(30e-6)
    assert model.price.source == "stated in the experiment, x 0.5 in a batch"
    assert first.service_seconds is first.first_token_seconds is first.queue_seconds is None
    assert [note for note in notes if "no latency" in note]


async def test_files_are_full_by_number_by_size_or_by_patience(server: BatchServer) -> None:
    async with batches(server, requests=4) as model:
        assert len(texts(await answers(model, *map(str, range(10))))) == 10
    assert server.sizes() == [2, 4, 4]
    server.rules(reset=True)
    async with batches(server, megabytes=0.0008) as model:  # a line has about 240 bytes
        assert len(texts(await answers(model, *("x" * 50 + str(n) for n in range(7))))) == 7
    assert server.sizes() == [1, 3, 3]
    server.rules(reset=True)
    async with batches(server, gather_seconds=0.3) as model:
        first = asyncio.create_task(model.complete(ask("early"), None))
        await asyncio.sleep(0.1)
        await asyncio.gather(first, model.complete(ask("late"), None))
    assert server.sizes() == [2]


async def test_several_batches_run_at_a_time(server: BatchServer) -> None:
    server.rules(hold=True)
    async with batches(server, requests=1) as model:
        asking = asyncio.gather(*(model.complete(ask(text), None) for text in "abc"))
        await until(lambda: [b["status"] for b in server.state["batches"]] == ["in_progress"] * 3)
        assert model.limiter.in_flight == 3
        server.rules(hold=False)
        assert texts(await asking) == ["about a", "about b", "about c"]


# -- failures ------------------------------------------------------------------------------------


async def test_lines_that_failed_are_typed_and_transient_ones_go_into_another_batch(
    server: BatchServer,
) -> None:
    oops = {"error": {"message": "oops"}}
    too_long = {"error": {"message": "too long", "code": "context_length_exceeded"}}
    filtered = {"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}
    server.rules(
        lines={
            "flaky": [[500, oops], [429, oops]],
            "broken": [[500, oops]] * 5,
            "long": [[400, too_long]],
            "rude": [[200, filtered]],
            "garbled": [[200, {"choices": []}]],
        }
    )
    async with batches(server) as model:
        results = await answers(model, "fine", "flaky", "broken", "long", "rude", "garbled")
    fine, flaky, broken, long, rude, garbled = results
    assert texts([fine, flaky, garbled]) == ["about fine", "about flaky", "about garbled"]
    assert (fine.retries, flaky.retries, garbled.retries) == (0, 2, 1)
    assert (flaky.maybe_billed_attempts, garbled.maybe_billed_attempts) == (0, 1)
    assert (broken.kind, broken.retries, broken.billed) == ("server_error", 2, False)
    assert (long.kind, rude.kind) == ("context_too_long", "content_filter")
    assert server.sizes() == [2, 3, 6]


@pytest.mark.parametrize(
    ("ends", "kind"), [("expired", "batch_expired"), ("cancelled", "batch_cancelled")]
)
async def test_a_batch_that_ends_early_keeps_what_it_has(
    server: BatchServer, ends: str, kind: str
) -> None:
    server.rules(ends=ends, only=2)
    async with batches(server) as model:
        results = await answers(model, "a", "b", "c", "d")
    assert texts(results[2:]) == ["about c", "about d"]
    assert [(type(one), one.kind, one.billed) for one in results[:2]] == [
        (CallFailed, kind, False)
    ] * 2
    assert server.sizes() == [4]  # what expired is for the next run to ask again


async def test_a_line_that_is_missing_may_have_been_billed(server: BatchServer) -> None:
    server.rules(only=1)
    async with batches(server) as model:
        lost, _ = await answers(model, "a", "b")
    assert (lost.kind, lost.billed) == ("batch_incomplete", None)


async def test_a_batch_that_is_not_begun_stops_the_run(server: BatchServer) -> None:
    faults = [{"code": "model_not_found", "message": "The model m\nhas no batches", "line": 1}]
    server.rules(errors=faults)
    async with batches(server) as model:
        results = await answers(model, "a", "b")
    assert all(isinstance(one, CallRefused) for one in results)
    assert results[0] is not results[1]
    assert results[0].kind == "batch_failed"
    assert str(results[0]).endswith("was not begun: The model m has no batches")


async def test_what_is_too_much_at_once_waits_for_the_others(server: BatchServer) -> None:
    server.rules(most_running=1)
    async with batches(server, requests=2) as model:
        results = await answers(model, *"abcdef")
    assert texts(results) == [f"about {prompt}" for prompt in "abcdef"]
    state = server.state
    assert Counter(state["answered"]) == Counter("abcdef")
    inputs = {batch["input_file_id"] for batch in state["batches"]}
    assert len(inputs) == 3  # a file that had to wait was not sent again


async def test_what_is_too_much_by_itself_is_refused_with_advice(server: BatchServer) -> None:
    server.rules(most_running=0)
    async with batches(server) as model:
        (refused,) = await answers(model, "a")
    assert isinstance(refused, CallRefused)
    assert "Enqueued token limit reached; fewer `requests`" in str(refused)


@pytest.mark.parametrize(
    ("status", "kind"), [(401, "not_authorised"), (404, "not_found"), (400, "bad_request")]
)
async def test_an_endpoint_without_batches_or_for_others_is_refused(
    server: BatchServer, status: int, kind: str
) -> None:
    server.rules(refuse=status)
    async with batches(server) as model:
        (refused,) = await answers(model, "a")
    assert isinstance(refused, CallRefused)
    assert refused.kind == kind


async def test_lost_connections_lose_nothing_and_begin_nothing_twice(server: BatchServer) -> None:
    lost = ["POST /v1/files", "POST /v1/batches", "GET /v1/batches", "GET /v1/batches/batch_3"]
    server.rules(drop=[*lost, "GET /v1/files/file-4/content"])
    async with batches(server) as model:
        assert texts(await answers(model, "a", "b")) == ["about a", "about b"]
    assert server.sizes() == [2]
    assert server.state["files"] == 3  # the upload whose reply was lost, and two that count


async def test_whoever_gives_up_while_it_gathers_is_not_sent(server: BatchServer) -> None:
    async with batches(server, gather_seconds=0.2) as model:
        kept, given_up = (
            asyncio.create_task(model.complete(ask(text), None)) for text in ("kept", "given up")
        )
        await asyncio.sleep(0.05)
        given_up.cancel()
        assert texts([await kept]) == ["about kept"]
        assert model.limiter.in_flight == 0
    assert server.state["prompts"] == [["kept"]]


def test_choices_cannot_be_scored_in_a_batch() -> None:
    spec = OpenAISpec(model="m", base_url="http://127.0.0.1:9/v1", mode="batch", api="completions")
    with pytest.raises(ConfigError, match="choice_score: generate"):
        spec.open(Resources())


async def test_the_key_is_sent_with_everything_and_never_written(
    server: BatchServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_KEY", SECRET)
    async with batches(server, Resources(folder=tmp_path), api_key_env="TEST_KEY") as model:
        await answers(model, "a")
    assert server.state["keys"] == [f"Bearer {SECRET}"]
    assert all(SECRET not in file.read_text() for file in tmp_path.iterdir())


# -- killed and begun again ----------------------------------------------------------------------

SESSION = """
import asyncio, json, sys
from pathlib import Path
from evalsuite.records import Message, Request
from evalsuite.systems.openai import OpenAISpec
from evalsuite.systems.openai.batch import BatchModel, BatchOptions
from evalsuite.systems.resources import Resources

async def main(base_url, folder, prompts):
    spec = OpenAISpec(model="m", base_url=base_url, mode="batch")
    options = BatchOptions(requests=3, gather_seconds=0.05, poll_seconds=0.02)
    model = BatchModel(spec, Resources(folder=Path(folder)), options)
    requests = [
        Request(
            task="t",
            sample_id=prompt,
            inputs={},
            messages=(Message(role="user", content=prompt),),
        )
        for prompt in prompts
    ]
    await asyncio.gather(*(model.complete(request, None) for request in requests))

asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
"""


def begin(server: BatchServer, folder: Path, *prompts: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", SESSION, server.base_url, str(folder), *prompts])


def kill(process: subprocess.Popen[bytes]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


async def answers_of_next_session(
    server: BatchServer, folder: Path, *prompts: str
) -> list[str | None]:
    async with batches(server, Resources(folder=folder), requests=3) as model:
        return texts(await answers(model, *prompts))


async def test_a_killed_run_finds_its_batches_running(server: BatchServer, tmp_path: Path) -> None:
    server.rules(hold=True)
    session = begin(server, tmp_path, *"abcdef")
    await until(lambda: [b["status"] for b in server.state["batches"]] == ["in_progress"] * 2)
    await until(lambda: ledger(tmp_path).count('"batch"') == 2)
    kill(session)
    asking = asyncio.create_task(answers_of_next_session(server, tmp_path, *"abcdefg"))
    await until(lambda: server.sizes() == [1, 3, 3])  # what is new goes into one of its own
    server.rules(hold=False)
    assert await asking == [f"about {prompt}" for prompt in "abcdefg"]
    assert Counter(server.state["answered"]) == Counter("abcdefg")


async def test_a_killed_run_finds_its_batches_finished(server: BatchServer, tmp_path: Path) -> None:
    server.rules(hold=True)
    session = begin(server, tmp_path, *"abc")
    await until(lambda: ledger(tmp_path).count('"batch"') == 1)
    kill(session)
    server.rules(hold=False)
    assert await answers_of_next_session(server, tmp_path, *"cab") == [
        "about c",
        "about a",
        "about b",
    ]
    assert server.sizes() == [3]


async def test_killed_between_the_upload_and_the_batch_it_finds_either(
    server: BatchServer, tmp_path: Path
) -> None:
    async with batches(server, Resources(folder=tmp_path)) as model:
        await answers(model, "a", "b")
    (file,) = tmp_path.iterdir()
    uploaded, begun = file.read_bytes().splitlines(keepends=True)
    # The batch was begun, and the kill came before that was noted:
    file.write_bytes(uploaded)
    assert await answers_of_next_session(server, tmp_path, "a", "b") == ["about a", "about b"]
    assert server.sizes() == [2]
    # It was not begun:
    uploaded = uploaded.replace(b'"file-1"', b'"file-9"')
    file.write_bytes(uploaded)
    assert await answers_of_next_session(server, tmp_path, "a", "b") == ["about a", "about b"]
    assert server.sizes() == [2, 2]
    assert begun.startswith(b'{"file":"file-1","batch":"batch_')


async def test_what_failed_in_an_earlier_session_is_asked_anew(
    server: BatchServer, tmp_path: Path
) -> None:
    server.rules(ends="expired", only=1)
    async with batches(server, Resources(folder=tmp_path)) as model:
        expired, _ = await answers(model, "a", "b")
    assert expired.kind == "batch_expired"
    server.rules(ends="completed", only=99)
    assert await answers_of_next_session(server, tmp_path, "a", "b") == ["about a", "about b"]
    assert server.state["prompts"] == [["a", "b"], ["a"]]


async def test_a_batch_that_the_endpoint_has_lost_is_asked_anew(
    server: BatchServer, tmp_path: Path
) -> None:
    async with batches(server, Resources(folder=tmp_path)) as model:
        await answers(model, "a")
    server.rules(reset=True)
    assert await answers_of_next_session(server, tmp_path, "a") == ["about a"]
    assert server.sizes() == [1]


async def test_repeats_and_twins_have_answers_of_their_own(
    server: BatchServer, tmp_path: Path
) -> None:
    """Two repeats, and two systems with one configuration, send the same; none takes another's."""

    async def session() -> list[str | None]:
        resources = Resources(folder=tmp_path)
        async with batches(server, resources) as one, batches(server, resources) as two:
            asked = [
                model.complete(ask("a", repeat=repeat), None)
                for model in (one, two)
                for repeat in range(2)
            ]
            return texts(await asyncio.gather(*asked))

    assert await session() == ["about a"] * 4
    assert len(list(tmp_path.iterdir())) == 2
    assert server.state["answered"] == ["a"] * 4
    assert await session() == ["about a"] * 4
    assert server.state["answered"] == ["a"] * 4


async def test_a_ledger_that_a_kill_cut_off_is_read_up_to_there(
    server: BatchServer, tmp_path: Path
) -> None:
    async with batches(server, Resources(folder=tmp_path)) as model:
        await answers(model, "a")
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"file":"file-7","requ')
    assert await answers_of_next_session(server, tmp_path, "a") == ["about a"]
    assert file.read_bytes() == whole
    assert server.sizes() == [1]
    file.write_bytes(b"mangled\n" + whole)
    with pytest.raises(UserError, match="is damaged"):
        await answers_of_next_session(server, tmp_path, "a")


def ledger(folder: Path) -> str:
    return "".join(file.read_text() for file in folder.glob("batches-*.jsonl"))


EXPERIMENT = """
name: overnight
tasks:
  - {{name: words/echo, data: words.csv, prompt: "{{{{ text }}}}", target: said, scorer: exact}}
systems:
  hosted:
    backend: openai
    model: m
    base_url: {base_url}
    mode: batch
    batch: {{gather_seconds: 0.2, poll_seconds: 0.05}}
    usd_per_million_input_tokens: 2
    usd_per_million_output_tokens: 8
repeats: 2
"""


async def test_a_killed_experiment_goes_on_with_its_batch(
    server: BatchServer, tmp_path: Path
) -> None:
    (tmp_path / "words.csv").write_text("text,said\none,about one\ntwo,about two\nodd,even\n")
    (tmp_path / "overnight.yaml").write_text(EXPERIMENT.format(base_url=server.base_url))
    run = [sys.executable, "-m", "evalsuite", "run", "overnight.yaml", "--quiet"]
    server.rules(hold=True)
    first = subprocess.Popen(run, cwd=tmp_path)
    folder = tmp_path / "runs" / "overnight"
    await until(lambda: folder.is_dir() and ledger(folder).count('"batch"') == 1)
    kill(first)
    server.rules(hold=False)
    done = await asyncio.to_thread(
        subprocess.run, run, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "66.7 %" in done.stdout
    assert server.sizes() == [6]
    assert Counter(server.state["answered"]) == Counter({"one": 2, "two": 2, "odd": 2})
