from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from evalsuite.errors import ConfigError
from evalsuite.experiment import load_experiment, make_experiment

GOOD = """\
name: mine
tasks:
  - reasoning/arithmetic
  - task: tabular/rows
    limit: 5
systems:
  small: embedded/nano
  large: embedded/micro
  both:
    hybrid: cascade
    tiers: [small, large]
limit: 20
"""


def load(tmp_path: Path, text: str, **overrides: object):  # type: ignore[no-untyped-def]
    path = tmp_path / "experiment.yaml"
    path.write_text(text)
    return load_experiment(path, overrides)


def test_a_good_file_is_understood(tmp_path: Path) -> None:
    experiment = load(tmp_path, GOOD)
    assert [(p.task.name, p.limit) for p in experiment.tasks] == [
        ("reasoning/arithmetic", 20),
        ("tabular/rows", 5),
    ]
    assert list(experiment.systems) == ["small", "large", "both"] == list(experiment.reported)


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    experiment = load(tmp_path, GOOD, limit=3, seed=9)
    assert experiment.tasks[0].limit == 3 and experiment.settings.seed == 9


def test_a_tasks_own_limit_holds_where_nobody_gives_another(tmp_path: Path) -> None:
    experiment = load(tmp_path, GOOD.replace("limit: 20\n", ""))
    assert experiment.tasks[0].limit == experiment.tasks[0].task.default_limit


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("limit: 20", "limmit: 20"), r"yaml:12: unknown key 'limmit'; did you mean 'limit'\?"),
        (
            ("limit: 20", "limit: 0"),
            r"yaml:12: limit: input should be greater than or equal to 1, not 0",
        ),
        (("limit: 20", "limit: many"), r"yaml:12: limit: .*integer"),
        (
            ("  - reasoning/arithmetic", "  - reasoning/arithmetics"),
            r"yaml:3: unknown task .*'reasoning/arithmetic'\?",
        ),
        (("    limit: 5", "    limt: 5"), r"yaml:5: unknown key 'limt'; did you mean 'limit'\?"),
        (("embedded/nano", "embeded/nano"), r"yaml:7: .*embedded"),
        (("hybrid: cascade", "hybrid: casade"), r"yaml:\d+: .*cascade"),
        (("[small, large]", "[smal, large]"), r"yaml:9: system 'both' wants 'smal' .*'small'\?"),
        (
            ("[small, large]", "[small, both]"),
            r"yaml:9: systems ask each other in a circle: both -> both",
        ),
        (
            ("limit: 20", "report: [larg]"),
            r"yaml:12: unknown system 'larg'; did you mean 'large'\?",
        ),
        (("name: mine", "name: ../escape"), r"yaml:1: name: "),
        (
            ("  - task: tabular/rows\n    limit: 5", "  - reasoning/arithmetic"),
            r"yaml:4: task .* is listed twice",
        ),
        (("tasks:", "task:"), r"(yaml:2: unknown key 'task'|'tasks' is missing)"),
    ],
)
def test_every_mistake_is_one_line_with_file_and_line(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    assert change[0] in GOOD
    with pytest.raises(ConfigError, match=message) as caught:
        load(tmp_path, GOOD.replace(*change))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words\n"])
def test_a_file_that_is_no_experiment(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="an experiment is a mapping"):
        load(tmp_path, text)


def test_an_inline_task_needs_no_code(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("question,answer\nwhat is 1+1?,2\nwhat is 2+3?,5\n")
    text = GOOD.replace(
        "  - reasoning/arithmetic\n",
        "  - name: mine/sums\n    data: rows.csv\n    prompt: 'Q: {{ question }}'\n"
        "    target: answer\n    scorer: number\n",
    )
    task = load(tmp_path, text).tasks[0].task
    samples = list(task.samples("test"))
    assert [task.messages(sample)[0].content for sample in samples] == [
        "Q: what is 1+1?",
        "Q: what is 2+3?",
    ]
    assert "answer" not in samples[0].inputs, "the target is not an input"


def test_an_experiment_can_be_a_mapping() -> None:
    content = {"name": "m", "tasks": ["tabular/rows"], "systems": {"a": "embedded/nano"}}
    assert make_experiment(content).tasks[0].task.name == "tabular/rows"
    with pytest.raises(ConfigError, match="unknown key 'sistems'"):
        make_experiment({**content, "sistems": {}})


def test_checking_an_experiment_loads_no_weights(tmp_path: Path) -> None:
    path = tmp_path / "experiment.yaml"
    path.write_text(GOOD)
    program = (
        "import sys; from pathlib import Path; from evalsuite.experiment import load_experiment\n"
        f"load_experiment(Path({str(path)!r}))\n"
        "assert not {'torch', 'transformers', 'sklearn'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_share_of_the_test_split_can_be_held_out_for_practice(tmp_path: Path) -> None:
    whole = load(tmp_path, GOOD).tasks[1].task
    ids = {sample.id for _, sample in zip(range(400), whole.samples("test"), strict=False)}
    held = load(tmp_path, GOOD, validation_share=0.25).tasks[1].task
    test = {sample.id for _, sample in zip(range(300), held.samples("test"), strict=False)}
    validation = {s.id for _, s in zip(range(100), held.samples("validation"), strict=False)}
    assert not test & validation
    assert 0.15 < len(ids & validation) / len(ids & (validation | test)) < 0.35


def test_a_folder_named_like_a_model_of_an_endpoint_is_not_its_name(tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    (tmp_path / "e.yaml").write_text(
        "name: m\ntasks: [tabular/rows]\nsystems:\n"
        "  api: {backend: openai, model: small, base_url: 'http://127.0.0.1:9/v1'}\n"
    )
    spec = load_experiment(tmp_path / "e.yaml").systems["api"]
    assert spec.model_dump()["model"] == "small"
