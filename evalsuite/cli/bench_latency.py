"""``evalsuite bench-latency``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalsuite.cli.options import Milliseconds, service_level

if TYPE_CHECKING:
    from evalsuite.experiment import Experiment, PlannedTask
    from evalsuite.latency_bench import BenchOptions, Measurement, RateFound
    from evalsuite.latency_bench.load import Halt

File = Annotated[Path | None, typer.Argument(help="An experiment file (YAML).", show_default=False)]
Tasks = Annotated[
    list[str] | None, typer.Option("--task", "-t", help="The task; of a file, one of its tasks.")
]
Systems = Annotated[
    list[str] | None,
    typer.Option("--system", "-s", help="A system; of a file, one of its systems. Repeatable."),
]
Load = Annotated[str, typer.Option("--scenario", help="single-stream, server or offline.")]
Rate = Annotated[float | None, typer.Option(help="Server: queries a second, on average.")]
Queries = Annotated[int, typer.Option(min=1, help="Queries that are measured.")]
Warmup = Annotated[int, typer.Option(min=0, help="Queries before, which are not.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Different samples to ask.")]
Seed = Annotated[int, typer.Option(help="Seed of arrivals and of the order.")]
InFlight = Annotated[int, typer.Option(min=1, help="Most in flight at an endpoint.")]
MaxSeconds = Annotated[float | None, typer.Option(help="Send nothing after this time.")]
Attain = Annotated[float, typer.Option(help="Share of queries that must keep the limits.")]
Find = Annotated[bool, typer.Option("--find-rate", help="Search the highest rate that holds.")]
MaxRate = Annotated[float, typer.Option(help="Highest rate to try.")]
Trials = Annotated[int, typer.Option(min=1, help="Most rates to try.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Every query, as JSON.")]
Png = Annotated[Path | None, typer.Option(help="A figure of the latencies; also .svg.")]
Html = Annotated[Path | None, typer.Option(help="All of it as a page.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print results only.")]


def bench_latency(
    experiment: File = None,
    task: Tasks = None,
    system: Systems = None,
    scenario: Load = "single-stream",
    rate: Rate = None,
    queries: Queries = 64,
    warmup: Warmup = 8,
    limit: Limit = None,
    seed: Seed = 0,
    in_flight: InFlight = 1024,
    max_seconds: MaxSeconds = None,
    ttft_ms: Annotated[Milliseconds, typer.Option(help="Limit: time to first token.")] = None,
    tpot_ms: Annotated[Milliseconds, typer.Option(help="Limit: time per output token.")] = None,
    e2e_ms: Annotated[Milliseconds, typer.Option(help="Limit: end to end.")] = None,
    attain: Attain = 0.9,
    find_rate: Find = False,
    max_rate: MaxRate = 1000.0,
    trials: Trials = 10,
    json_file: JsonFile = None,
    png: Png = None,
    html: Html = None,
    quiet: Quiet = False,
) -> None:
    """Measure latency under a load: one at a time, Poisson arrivals, or all at once.

    Answers are not scored. Ctrl-C ends the load and shows what there is.
    """
    from evalsuite.latency_bench import BenchOptions

    checked = _experiment(experiment, task, system, limit, seed)
    options = BenchOptions(
        scenario=_scenario(scenario),
        rate=rate,
        queries=queries,
        warmup=warmup,
        seed=seed,
        in_flight=in_flight,
        max_seconds=max_seconds,
        limits=service_level(ttft_ms, tpot_ms, e2e_ms),
        attainment=attain,
    )
    bench = _Bench(checked, _task(checked, task), options, quiet=quiet)
    names = _systems(checked, system, seed)
    if find_rate:
        bench.search(names, max_rate, trials)
    else:
        bench.measure(names)
    bench.write(json_file, png, html)


class _Bench:
    """Runs one load after the other, prints each as it ends and keeps what was measured."""

    def __init__(
        self, checked: Experiment, planned: PlannedTask, options: BenchOptions, *, quiet: bool
    ) -> None:
        from rich.console import Console

        self.measured: list[Measurement] = []
        self.found: dict[str, RateFound] = {}
        self._checked = checked
        self._planned = planned
        self._options = options
        self._quiet = quiet
        self._console = Console(highlight=False, soft_wrap=True)

    def measure(self, systems: list[str]) -> None:
        """Measure every system; a Ctrl-C ends the one that is measured and the rest."""
        from evalsuite.latency_bench import bench_latency
        from evalsuite.latency_bench.session import interruptible

        for name in systems:

            async def one(halt: Halt, name: str = name) -> Measurement:
                return await bench_latency(
                    self._checked, self._planned, name, self._options, halt=halt, tell=self._tell
                )

            measured = [interruptible(one, tell=self._tell)]
            if self._stopped_in(measured, shown=measured):
                return

    def search(self, systems: list[str], most_rate: float, most_trials: int) -> None:
        """Look for the highest rate of every system, as ``measure`` does."""
        from evalsuite.latency_bench import find_rate
        from evalsuite.latency_bench.pages import rate_page
        from evalsuite.latency_bench.session import interruptible

        for name in systems:

            async def one(halt: Halt, name: str = name) -> RateFound:
                return await find_rate(
                    self._checked,
                    self._planned,
                    name,
                    self._options,
                    most_rate=most_rate,
                    most_trials=most_trials,
                    halt=halt,
                    tell=self._tell,
                )

            found = self.found[name] = interruptible(one, tell=self._tell)
            held = [each for each in found.measurements if each.options.rate == found.highest_held]
            stopped = self._stopped_in(found.measurements, shown=held)
            self._console.print(rate_page(found, name))
            if stopped:
                return

    def write(self, json_file: Path | None, png: Path | None, html: Path | None) -> None:
        """Write what was measured, where it is wanted."""
        if json_file is not None:
            json_file.write_bytes(self.as_json())
            typer.echo(f"written: {json_file}")
        if png is not None:
            from evalsuite.latency_bench.figure import write_figure

            drawn = write_figure(self.measured, png)
            typer.echo(f"written: {png}" if drawn else f"nothing was answered: no {png}")
        if html is not None:
            from evalsuite.latency_bench.html import bench_html

            html.write_text(bench_html(self.measured, self.found), encoding="utf-8")
            typer.echo(f"written: {html}")

    def as_json(self) -> bytes:
        """Everything that was measured, every query of it."""
        import msgspec

        found = {
            name: {
                "highest_held": each.highest_held,
                "lowest_not_held": each.lowest_not_held,
                "trials": each.trials,
            }
            for name, each in self.found.items()
        }
        content = {"measurements": self.measured, **({"rates": found} if found else {})}
        return msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n"

    def _stopped_in(self, latest: Sequence[Measurement], *, shown: Sequence[Measurement]) -> bool:
        """Keep what was measured and print ``shown`` of it; whether a Ctrl-C ended it."""
        from evalsuite.latency_bench.pages import measurement_page
        from evalsuite.latency_bench.session import STOPPED

        self.measured += latest
        for each in shown:
            self._console.print(measurement_page(each))
        return any(each.stopped == STOPPED for each in latest)

    def _tell(self, text: str) -> None:
        if not self._quiet:
            typer.echo(text, err=True)


def _experiment(
    file: Path | None,
    task: list[str] | None,
    system: list[str] | None,
    limit: int | None,
    seed: int,
) -> Experiment:
    from evalsuite import api
    from evalsuite.errors import UserError

    stated: dict[str, Any] = {"seed": seed} if limit is None else {"seed": seed, "limit": limit}
    if file is not None:
        return api.check(file, **stated)
    if task and system:
        return api.check(api.ad_hoc(task, system), **stated)
    raise UserError("what to measure? Give an experiment file, or --task NAME --system NAME")


def _task(checked: Experiment, wanted: list[str] | None) -> PlannedTask:
    from evalsuite.errors import UserError

    names = [planned.task.name for planned in checked.tasks]
    if wanted and len(wanted) > 1:
        raise UserError("one task is measured at a time: give --task once")
    if not wanted and len(names) > 1:
        raise UserError(f"which task? Give --task: {', '.join(names)}")
    for planned in checked.tasks:
        if not wanted or len(names) == 1 or planned.task.name == wanted[0]:
            return planned
    raise UserError(f"no task {(wanted or [''])[0]!r} in the experiment: {', '.join(names)}")


def _systems(checked: Experiment, wanted: list[str] | None, seed: int) -> list[str]:
    """Those that were asked for, or all that are reported, in an order drawn with ``seed``."""
    import random

    from evalsuite.errors import UserError

    own = [name for name in checked.reported if name not in checked.baselines]
    for name in wanted or ():
        if name not in checked.systems:
            raise UserError(f"no system {name!r} in the experiment: {', '.join(own)}")
    names = list(wanted or own)
    random.Random(seed).shuffle(names)
    return names


def _scenario(word: str) -> Any:
    from typing import get_args

    from evalsuite.errors import UserError
    from evalsuite.latency_bench import Scenario

    if word not in get_args(Scenario):
        raise UserError(f"--scenario {word!r}: write {', '.join(get_args(Scenario))}")
    return word
