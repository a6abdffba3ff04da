"""``evalsuite gate`` and ``evalsuite bless``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from evalsuite.analysis.gate_result import GateResult

_BASELINE = Path("baseline.json")


def _option(panel: str, *names: str, help: str, **settings: Any) -> Any:
    return typer.Option(*names, help=help, rich_help_panel=panel, **settings)


_rule = partial(_option, "What is gated")
_stage = partial(_option, "Asking again")
_output = partial(_option, "Outputs")

Metrics = Annotated[
    list[str] | None, _rule("--metric", help="success, format, cost or latency; repeatable.")
]
Strict = Annotated[
    bool | None, _rule("--strict/--no-strict", help="An inconclusive gate fails, exit code 4.")
]
Critical = Annotated[
    list[str] | None, _rule("--critical", help="TASK=SAMPLE that may not fail; repeatable.")
]
SameMachine = Annotated[
    bool | None,
    _rule("--same-machine/--any-machine", help="Gate latency and machine-hour cost too."),
]
Allow = Annotated[
    list[str] | None,
    _rule(
        "--allow",
        help="A mismatch to put up with: samples, prompt, scorer, sandbox, version, missing.",
    ),
]
Experiment = Annotated[
    Path | None,
    _stage("--experiment", "-e", help="The run's experiment: doubtful systems are asked again."),
]
StepSummary = Annotated[
    Path | None,
    _output(
        "--step-summary",
        help="File to add the Markdown to, as GitHub Actions wants it.",
        envvar="GITHUB_STEP_SUMMARY",
    ),
]


def gate(
    run: Annotated[Path, typer.Argument(help="The folder of the run to judge.")],
    baseline: Annotated[
        Path, typer.Option("--baseline", "-b", help="What `evalsuite bless` wrote.")
    ] = _BASELINE,
    config: Annotated[Path | None, _rule("--config", "-c", help="A gate file (YAML).")] = None,
    metric: Metrics = None,
    alpha: Annotated[float | None, _rule("--alpha", help="Risk of a false alarm (0.05).")] = None,
    strict: Strict = None,
    max_errors: Annotated[
        str | None, _rule("--max-errors", help="Answers that may fail: 3, or 2%.")
    ] = None,
    critical: Critical = None,
    same_machine: SameMachine = None,
    allow: Allow = None,
    experiment: Experiment = None,
    repeats: Annotated[
        int | None, _stage("--repeats", min=2, help="Answers a sample when asked again (5).")
    ] = None,
    junit: Annotated[Path | None, _output("--junit", help="JUnit XML to write.")] = None,
    markdown: Annotated[Path | None, _output("--markdown", help="Comment to write.")] = None,
    json: Annotated[Path | None, _output("--json", help="JSON to write.")] = None,
    step_summary: StepSummary = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Judge a run by a blessed baseline: pass, regressed or inconclusive.

    Exit codes: 0 pass (or inconclusive), 1 regressed, 2 usage, 3 too many failed answers, 4
    inconclusive and --strict, 5 no baseline or one of other tasks.
    """
    from rich.console import Console

    from evalsuite import gates
    from evalsuite.reporting.gate_terminal import render_gate
    from evalsuite.reporting.progress import progress_display

    stated: dict[str, Any] = {
        "metrics": metric or None,
        "alpha": alpha,
        "strict": strict,
        "max_errors": max_errors,
        "critical": _critical(critical) if critical else None,
        "same_machine": same_machine,
        "allow": allow or None,
        "repeats": repeats,
    }
    overrides = {key: value for key, value in stated.items() if value is not None}
    with progress_display(quiet=quiet, as_json=False) as progress:
        result = gates.gate(
            run, baseline, config, experiment=experiment, tell=progress.tell, **overrides
        )
    render_gate(result, Console())
    _write(result, junit=junit, markdown=markdown, json=json, step_summary=step_summary)
    raise typer.Exit(result.exit_code)


def bless(
    run: Annotated[Path, typer.Argument(help="The folder of a finished, good run.")],
    baseline: Annotated[
        Path, typer.Option("--baseline", "-b", help="The file to write; commit it.")
    ] = _BASELINE,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of another baseline.")
    ] = False,
    timings: Annotated[
        bool,
        typer.Option("--timings", help="Keep latency and machine-hour cost: same machine only."),
    ] = False,
    max_errors: Annotated[str, typer.Option(help="Answers that may have failed.")] = "2%",
    allow_errors: Annotated[
        bool, typer.Option("--allow-errors", help="Bless it however many answers failed.")
    ] = False,
) -> None:
    """Make a run the baseline that later runs are judged by."""
    from evalsuite import gates
    from evalsuite.reporting.plain import one_line

    done = gates.bless(
        run,
        baseline,
        overwrite=replace,
        timings=timings,
        max_errors=max_errors,
        allow_errors=allow_errors,
    )
    state = "new" if done.new else ("replaced" if done.changes else "as it was")
    typer.echo(f"baseline: {done.path} ({state}, {done.n_samples:,} samples)")
    for change in done.changes:
        typer.echo(f"  {one_line(change, 400)}")


def _critical(entries: list[str]) -> dict[str, list[str]]:
    from evalsuite.cli.options import named

    found: dict[str, list[str]] = {}
    for entry in entries:
        task, sample = named(entry, "--critical", "TASK=SAMPLE")
        found.setdefault(task, []).append(sample)
    return found


def _write(
    result: GateResult,
    *,
    junit: Path | None,
    markdown: Path | None,
    json: Path | None,
    step_summary: Path | None,
) -> None:
    from evalsuite.reporting.gate_json import gate_json
    from evalsuite.reporting.gate_markdown import gate_markdown
    from evalsuite.reporting.junit import gate_junit

    for path, made in ((junit, gate_junit), (markdown, gate_markdown), (json, gate_json)):
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made(result), encoding="utf-8")
    if step_summary is not None:
        step_summary.parent.mkdir(parents=True, exist_ok=True)
        with step_summary.open("a", encoding="utf-8") as file:
            file.write(gate_markdown(result))
