"""How fast the sample explorer is at 100,000 samples of 10 systems, to pack and in a browser.

    python benchmarks/explorer.py            # all figures
    python benchmarks/explorer.py --check    # exit code 1 where one of them is over its limit

The run is made up: 1,000,000 answers of about 200 characters, 1,300,000 calls, one hybrid in ten
systems that asks four. Packing is timed in CPU seconds and in memory beyond what was held before.
In the browser, filters are timed from the change to the drawn table.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jinja2 import Environment, PackageLoader

from evalsuite.analysis.summary import Summary, summarise
from evalsuite.records import SCHEMA_VERSION, Manifest, SystemEntry, TaskEntry
from evalsuite.reporting import html
from evalsuite.reporting.explorer import Explorer, explore
from evalsuite.store import Run, load_run, write_manifest
from evalsuite.tables import TABLES

N_SAMPLES, N_SYSTEMS, N_TASKS, HOPS = 100_000, 10, 5, 4
LIMITS = {
    "packing, CPU s": 10.0,
    "packing, MB of memory": 700.0,
    "page, MB": 60.0,
    "page opens, s": 4.0,
    "slowest filter, s": 1.0,
    "sample opens, s": 1.0,
    "first hit of a search, s": 1.0,
    "longest pause while searching, s": 0.5,
}
FILTERS: tuple[dict[str, str], ...] = (
    {"outcome": "disagree"},
    {"outcome": "none-right"},
    {"system": "system-3", "outcome": "wrong"},
    {"error": "timeout"},
    {"slice": "level:3", "outcome": "right"},
    {"sort": "costly"},
    {"sort": "id"},
    {},
)


@dataclass(frozen=True)
class Made:
    """A run on disk, and the figures of a small one with the same systems and tasks."""

    run: Run
    summary: Summary
    page: str


def made(folder: Path, n_samples: int) -> Made:
    """A run of ``n_samples`` that the page of a small one can show."""
    small = write_run(folder / "small", 50)
    summary = summarise(small)
    return Made(write_run(folder / "large", n_samples), summary, html.to_html(small, summary))


def write_run(folder: Path, n: int) -> Run:
    """A run of ``n`` samples in ``folder``; the same one for the same ``n``."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    said = _sentences(random, 20_000)
    tasks = np.arange(n) * N_TASKS // n
    columns = {
        "samples": _samples(n, tasks, said, random),
        "responses": _responses(n, tasks, said, random),
    }
    columns["calls"] = _calls(columns["responses"], said, random)
    columns["scores"] = _scores(columns["responses"])
    for name, described in TABLES.items():
        _write(folder / f"{name}.parquet", described, columns.get(name, {}))
    write_manifest(folder, _manifest(np.bincount(tasks, minlength=N_TASKS)))
    return load_run(folder)


def _sentences(random: np.random.Generator, n: int) -> np.ndarray[Any, Any]:
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    vocabulary = ["".join(random.choice(letters, random.integers(2, 10))) for _ in range(3_000)]
    weights = 1 / np.arange(1, len(vocabulary) + 1)
    words = random.choice(vocabulary, (n, 17), p=weights / weights.sum())
    return np.array([" ".join(row) for row in words], dtype=object)


def _texts(said: np.ndarray[Any, Any], random: np.random.Generator, n: int) -> pa.Array:
    """``n`` texts of two sentences each, about 200 characters."""
    import pyarrow.compute as pc

    first, second = (pa.array(said).take(random.integers(0, len(said), n)) for _ in range(2))
    return pc.binary_join_element_wise(first, second, ". ")


def _names(prefix: str, codes: np.ndarray[Any, Any]) -> pa.Array:
    return pa.array([f"{prefix}{code}" for code in range(int(codes.max()) + 1)]).take(codes)


def _samples(
    n: int, tasks: np.ndarray[Any, Any], said: np.ndarray[Any, Any], random: np.random.Generator
) -> dict[str, Any]:
    asked = _texts(said, random, n).to_pylist()
    return {
        "task": _names("task-", tasks),
        "sample_id": _names("sample-", np.arange(n)),
        "cluster": _names("sample-", np.arange(n)),
        "inputs": [f'{{"question":"{text}"}}' for text in asked],
        "target": [f'"{text[:20]}"' for text in asked],
        "metadata": [f'{{"level":{level}}}' for level in np.arange(n) % 5],
        "messages": [f'[{{"role":"user","content":"{text}"}}]' for text in asked],
    }


def _responses(
    n: int, tasks: np.ndarray[Any, Any], said: np.ndarray[Any, Any], random: np.random.Generator
) -> dict[str, Any]:
    size = n * N_SYSTEMS
    sample, system = np.divmod(np.arange(size), N_SYSTEMS)
    failed = random.random(size) < 0.01
    hybrid = system == N_SYSTEMS - 1
    texts = _texts(said, random, size)
    return {
        "key": _names("", np.arange(size)),
        "task": _names("task-", tasks[sample]),
        "sample_id": _names("sample-", sample),
        "cluster": _names("sample-", sample),
        "system": _names("system-", system),
        "repeat": np.zeros(size, dtype=np.int64),
        "status": np.where(failed, "system_error", "ok"),
        "error_kind": pa.array(np.where(failed, "timeout", None)),
        "success": pa.array(random.random(size) < 0.7, mask=failed),
        "text": pa.array(texts.to_numpy(zero_copy_only=False), mask=failed),
        "started_at": np.arange(size, dtype=np.float64),
        "seconds": random.lognormal(0, 1, size),
        "n_calls": np.where(hybrid, HOPS, 1),
        "n_cached_calls": np.zeros(size, dtype=np.int64),
        "usd": random.lognormal(-8, 1, size).round(8),
        "input_tokens": random.integers(50, 400, size),
        "output_tokens": random.integers(10, 90, size),
    }


def _calls(
    responses: dict[str, Any], said: np.ndarray[Any, Any], random: np.random.Generator
) -> dict[str, Any]:
    of = np.repeat(np.arange(len(responses["n_calls"])), responses["n_calls"])
    hop = np.concatenate([np.arange(n) for n in responses["n_calls"]])
    hybrid = responses["n_calls"][of] > 1
    shared = ("task", "sample_id", "system")
    size = len(of)
    return {
        "response_key": responses["key"].take(of),
        **{name: responses[name].take(of) for name in shared},
        "repeat": np.zeros(size, dtype=np.int64),
        "ordinal": hop,
        "phase": np.full(size, "answer"),
        "key": _names("call-", np.arange(size)),
        "role": np.where(hybrid, np.char.add("tier_", (hop + 1).astype(str)), ""),
        "member": np.where(hybrid, np.char.add("system-", hop.astype(str)), "itself"),
        "model": np.full(size, "org/model"),
        "reason": np.where(hybrid, "mean_logprob -0.312 < -0.110", ""),
        "status": np.full(size, "ok"),
        "text": _texts(said, random, size),
        "started_at": np.arange(size, dtype=np.float64),
        "usd": random.lognormal(-8, 1, size).round(8),
        "usd_basis": np.full(size, "tokens"),
        "seconds": random.lognormal(0, 1, size),
        "queue_seconds": random.lognormal(-4, 1, size),
        "service_seconds": random.lognormal(-1, 1, size),
        "input_tokens": random.integers(50, 400, size),
        "output_tokens": random.integers(10, 90, size),
        "retries": np.zeros(size, dtype=np.int64),
        "backoff_seconds": np.zeros(size),
        "recorded": np.zeros(size, dtype=bool),
        "cached": np.zeros(size, dtype=bool),
    }


def _scores(responses: dict[str, Any]) -> dict[str, Any]:
    size = len(responses["n_calls"])
    shared = ("task", "sample_id", "system", "repeat", "status")
    success = responses["success"].cast(pa.float64())
    return {
        "response_key": responses["key"],
        **{name: responses[name] for name in shared},
        "name": np.full(size, "exact"),
        "value": success,
        "status": np.where(success.is_null(), "system_error", "scored"),
        "explanation": np.full(size, "compared exactly"),
        "decides": np.ones(size, dtype=bool),
    }


def _write(path: Path, described: Any, columns: dict[str, Any]) -> None:
    types = {"text": pa.string(), "integer": pa.int64(), "float": pa.float64()}
    n = len(next(iter(columns.values()), ()))
    arrays = []
    for name, kind in described.items():
        of = types.get(kind, pa.bool_())
        values = columns.get(name)
        array = pa.nulls(n, of) if values is None else pa.array(values)
        arrays.append(array.cast(of))
    table = pa.Table.from_arrays(arrays, names=list(described))
    pq.write_table(table, path, compression="zstd", row_group_size=50_000)


def _manifest(n_samples: np.ndarray[Any, Any]) -> Manifest:
    tasks = [
        TaskEntry(
            name=f"task-{number}",
            family=f"family-{number % 2}",
            summary="made up",
            version=1,
            split="test",
            n_samples=int(n),
            data_hash="",
            prompt_hash="",
            success="exact",
            success_at=1.0,
            source="made up",
            licence="CC0",
            reference="",
        )
        for number, n in enumerate(n_samples)
    ]
    systems = [
        SystemEntry(
            name=f"system-{number}",
            kind="hybrid" if number == N_SYSTEMS - 1 else "model",
            pattern="cascade" if number == N_SYSTEMS - 1 else "openai",
            model=None if number == N_SYSTEMS - 1 else "org/model",
            fingerprint=str(number),
            roles={},
            price={},
            parameters=None,
            config={},
        )
        for number in range(N_SYSTEMS)
    ]
    return Manifest(
        schema_version=SCHEMA_VERSION,
        name="explorer",
        experiment={},
        fingerprint="",
        started_at=0.0,
        finished_at=1.0,
        complete=True,
        sessions=1,
        tasks=tuple(tasks),
        systems=tuple(systems),
        repeats=1,
        seed=0,
        concurrency=1,
        sandbox="not needed",
        evalsuite_version="",
        code=None,
        python="",
        packages={},
        hardware={},
    )


def pack(made: Made) -> tuple[Explorer, dict[str, float]]:
    """The samples of the large run, packed, and what that took."""
    Path("/proc/self/clear_refs").write_text("5")  # from here on the peak is that of packing
    held = _memory_mb("VmRSS")
    begun = time.process_time()
    found = explore(made.run, made.summary)
    cpu = time.process_time() - begun
    return found, {"packing, CPU s": cpu, "packing, MB of memory": _memory_mb("VmHWM") - held}


def _memory_mb(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def page_of(made: Made, explorer: Explorer) -> str:
    """The page of the small run with the samples of the large one."""
    loader = PackageLoader("evalsuite.reporting", "templates")
    environment = Environment(loader=loader, autoescape=True)
    template = environment.get_template("sections/samples.html.j2")
    begin, end = '<section id="samples"', "</section>"
    head, _, rest = made.page.partition(begin)
    return head + template.render(explorer=explorer) + rest.partition(end)[2]


def browse(file: Path, chromium: str) -> dict[str, float]:
    """How long a reader of ``file`` waits."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        begun = time.perf_counter()
        page.goto(file.as_uri())
        page.locator("#explorer-found tbody tr").first.wait_for(timeout=60_000)
        opened = time.perf_counter() - begun
        filters = {str(view): page.evaluate(FILTER, view) / 1000 for view in FILTERS}
        for view, seconds in filters.items():
            print(f"  {seconds:6.3f} s  {view}")
        figures = {
            "page opens, s": opened,
            "slowest filter, s": max(filters.values()),
            "sample opens, s": page.evaluate(OPEN) / 1000,
        }
        first, pause, whole = page.evaluate(SEARCH)
        browser.close()
    print(f"  {whole / 1000:6.1f} s  to search everything")
    return figures | {
        "first hit of a search, s": first / 1000,
        "longest pause while searching, s": pause / 1000,
    }


FILTER = """async (view) => {
  const begun = performance.now();
  location.hash = "#samples?" + new URLSearchParams(view);
  await new Promise((done) => addEventListener("hashchange", done, { once: true }));
  document.getElementById("explorer-found").getBoundingClientRect();
  return performance.now() - begun;
}"""
"""Milliseconds from a wanted view to its table, laid out."""

OPEN = """async () => {
  const begun = performance.now();
  document.querySelector("#explorer-found tbody a").click();
  while (!document.querySelector("#explorer-body .answer, #explorer-body li")) {
    await new Promise(requestAnimationFrame);
  }
  const took = performance.now() - begun;
  history.back();
  await new Promise((done) => addEventListener("hashchange", done, { once: true }));
  return took;
}"""

SEARCH = """async () => {
  const begun = performance.now();
  const words = document.querySelector("#explorer-found tbody tr:nth-child(7) .gist").textContent;
  location.hash = "#samples?" + new URLSearchParams({ search: words.slice(0, 40) });
  let first = null, pause = 0, last = performance.now();
  for (;;) {
    await new Promise((done) => setTimeout(done));
    const now = performance.now();
    pause = Math.max(pause, now - last);
    last = now;
    const told = document.getElementById("explorer-count").textContent;
    if (first === null && /^[1-9]/.test(told) && location.hash.includes("search")) {
      if (document.querySelectorAll("#explorer-found tbody tr").length < 50) first = now - begun;
    }
    if (first !== null && !told.includes("searching")) return [first, pause, now - begun];
  }
}"""
"""Milliseconds to the first hit, of the longest time in which nothing else ran, and to the end."""


def main() -> int:
    """Print every figure; 1 where ``--check`` finds one over its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=N_SAMPLES)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    names = ("chromium", "chromium-browser", "google-chrome")
    chromium = next((path for name in names if (path := shutil.which(name))), None)
    if chromium is None:
        print("no Chromium on this machine", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        large = made(Path(folder), options.samples)
        explorer, figures = pack(large)
        print(f"{explorer.n_shown:,} samples listed, the texts of {explorer.n_whole:,} packed")
        file = Path(folder) / "report.html"
        file.write_text(page_of(large, explorer), encoding="utf-8")
        figures["page, MB"] = file.stat().st_size / 1e6
        figures |= browse(file, chromium)
    over = [name for name, value in figures.items() if value > LIMITS[name]]
    for name, value in figures.items():
        print(f"{name:34} {value:8.2f}  (limit {LIMITS[name]:g}){' OVER' * (name in over)}")
    return 1 if over and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
