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


WAYS = """\
from dataclasses import replace

import evalsuite
from evalsuite.task import Variant

TASK = replace(
    evalsuite.get_task("tabular/rows"),
    name="tabular/ways",
    shot=lambda sample: str(sample.target),
    variants={
        "terse": Variant(prompt=lambda sample: sample.inputs["prompt"].upper()),
        "open": Variant(prompt=lambda sample: sample.inputs["prompt"], generated=True),
    },
    baselines=BASELINES,
)
"""
SYSTEMS = """\
systems:
  small: embedded/nano
  forest: classical/gradient_boosting
"""


def ways(tmp_path: Path, entry: str, named: str = "()", **overrides: object):  # type: ignore[no-untyped-def]
    (tmp_path / "ways.py").write_text(WAYS.replace("BASELINES", named))
    return load(tmp_path, f"name: m\ntasks:\n{entry}{SYSTEMS}", **overrides)


@pytest.mark.parametrize(
    ("entry", "names"),
    [
        ("{task: ways.py, variants: all}", ["", "@terse", "@open"]),
        ("{task: ways.py, variants: [terse, plain]}", ["@terse", ""]),
        ("{task: ways.py, variants: terse, shots: [0, 2]}", ["@terse", "@terse+2-shot"]),
        (
            "{task: ways.py, shots: [0, 5], select: random, form: [chat, completion]}",
            ["", "@completion", "@5-shot+random", "@5-shot+random+completion"],
        ),
        ("ways.py@terse+5-shot+similar", ["@terse+5-shot+similar"]),
        ("{task: ways.py@open, limit: 3}", ["@open"]),
    ],
)
def test_an_entry_is_one_task_a_way_to_ask(tmp_path: Path, entry: str, names: list[str]) -> None:
    planned = ways(tmp_path, f"  - {entry}\n", limit=7).tasks
    assert [item.task.name for item in planned] == [f"tabular/ways{name}" for name in names]
    assert {item.limit for item in planned} == {3 if "limit" in entry else 7}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{task: ways.py, variants: [plain, ters]}", r"yaml:3: .*'ters': did you mean 'terse'\?"),
        ("{task: ways.py, variants: []}", r"yaml:3: variants: "),
        ("{task: ways.py, shots: [2, -1]}", r"yaml:3: shots: .*greater than or equal to 0, not -1"),
        ("{task: ways.py, select: nearest}", r"yaml:3: select: .*'first', 'random' or 'similar'"),
        ("{task: ways.py, form: essay}", r"yaml:3: form: input should be 'chat' or 'completion'"),
        ("{task: ways.py@terse, shots: 2}", r"yaml:3: .*behind the @, or in keys"),
        ("ways.py@similar", r"yaml:3: .*write similar\+5-shot"),
        (
            "{task: ways.py, variants: [terse, terse]}",
            r"yaml:3: task 'tabular/ways@terse' is .*twice",
        ),
        ("{task: writing/tiny_stories, shots: 2}", r"yaml:3: .*cannot be shown by example"),
    ],
)
def test_a_way_to_ask_that_cannot_be_is_one_line(tmp_path: Path, entry: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        ways(tmp_path, f"  - {entry}\n")
    assert "\n" not in str(caught.value)


def test_a_task_of_ones_own_is_not_named_like_a_way_to_ask(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("question,answer\nwhat is 1+1?,2\n")
    inline = (
        "  - {name: me@home, data: rows.csv, prompt: '{{ question }}', target: answer, "
        "scorer: number}\n"
    )
    with pytest.raises(ConfigError, match="what follows an @ says how a task is asked"):
        ways(tmp_path, inline)


SIXTY = """\
from dataclasses import replace
from itertools import islice

import evalsuite

ROWS = evalsuite.get_task("tabular/rows")


def samples(split):
    return islice(ROWS.samples("test"), 60) if split == "test" else ()


TASK = replace(
    ROWS, name="tabular/sixty", samples=samples, endless=False, shot=lambda sample: sample.target
)
"""


def test_examples_of_a_share_that_was_held_out_are_of_that_share(tmp_path: Path) -> None:
    (tmp_path / "sixty.py").write_text(SIXTY)
    more = "validation_share: 0.3\norder: random\n"
    task = load(tmp_path, f"name: m\ntasks: [sixty.py@3-shot]\n{SYSTEMS}{more}").tasks[0].task
    tests, practice = list(task.samples("test")), list(task.samples("validation"))
    assert len(tests) + len(practice) == 60 and len(practice) >= 4
    known = {task.messages(one)[-1].content: one.id for one in [*tests, *practice]}
    held_out = {one.id for one in practice}
    for one in tests:
        shown = [turn.content for turn in task.messages(one)[:-1] if turn.role == "user"]
        assert len(shown) == 3 and {known[text] for text in shown} <= held_out


def test_the_baselines_of_a_task_answer_beside_the_systems(tmp_path: Path) -> None:
    entry = "  - {task: ways.py, variants: [plain, terse]}\n  - reasoning/arithmetic\n"
    named = '("majority", "gradient_boosting", "logistic_regression")'
    experiment = ways(tmp_path, entry, named)
    assert experiment.baselines == ("majority", "logistic_regression"), "forest is the third"
    assert experiment.reported == ("small", "forest", "majority", "logistic_regression")
    spec = experiment.systems["majority"].model_dump()
    assert spec["baseline_of"] == ("tabular/ways", "tabular/ways@terse")
    only = ways(tmp_path, entry, named, report=["small"])
    assert only.reported == ("small", "majority", "gradient_boosting", "logistic_regression")
    assert ways(tmp_path, entry, named, baselines=False).reported == ("small", "forest")


def test_a_baseline_does_not_take_the_name_of_another_system(tmp_path: Path) -> None:
    (tmp_path / "ways.py").write_text(WAYS.replace("BASELINES", '("majority",)'))
    text = "name: m\ntasks: [ways.py]\nsystems: {majority: embedded/nano}\n"
    assert load(tmp_path, text).reported == ("majority", "majority (baseline)")


def test_a_baseline_that_there_is_not_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no baseline 'majorty': did you mean 'majority'"):
        ways(tmp_path, "  - ways.py\n", '("majorty",)')


def test_a_run_has_its_baselines_on_the_same_samples_and_only_there(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    import evalsuite

    ways(tmp_path, "  - ways.py\n  - reasoning/arithmetic\n", '("majority", "logistic_regression")')
    text = (tmp_path / "experiment.yaml").read_text() + "report: [forest]\ntrain_limit: 100\n"
    (tmp_path / "experiment.yaml").write_text(text)
    run = evalsuite.run(tmp_path / "experiment.yaml", limit=6, out=tmp_path / "run")
    asked = run.responses.groupby(["system", "task"]).sample_id.apply(sorted).to_dict()
    assert set(asked) == {
        (name, "tabular/ways") for name in ("forest", "majority", "logistic_regression")
    }
    assert len({tuple(ids) for ids in asked.values()}) == 1
    assert run.responses.success.notna().all()


def test_without_scikit_learn_a_note_says_that_there_are_no_baselines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import evalsuite

    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    (tmp_path / "said.csv").write_text("id,said\ntest-0,minor\ntest-1,minor\n")
    (tmp_path / "ways.py").write_text(
        WAYS.replace("BASELINES", '("majority", "logistic_regression")')
    )
    columns = {"sample_id": "id", "text": "said"}
    content = {
        "name": "m",
        "tasks": [str(tmp_path / "ways.py")],
        "systems": {
            "old": {"backend": "replay", "file": tmp_path / "said.csv", "columns": columns}
        },
    }
    run = evalsuite.run(content, limit=2, out=tmp_path / "run")
    assert set(run.responses.system) == {"old"} and len(run.responses) == 2
    (first, second) = run.manifest.notes
    assert "no baselines beside tabular/ways: classical/majority needs scikit-learn" in first
    assert "classical/logistic_regression" in second and "evalsuite[classical]" in second


def test_ways_to_ask_keep_their_names_in_a_run_and_in_its_replay(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    import evalsuite

    names = ["tabular/ways", "tabular/ways@terse+2-shot+random"]
    ways(tmp_path, "".join(f"  - {name.replace('tabular/ways', 'ways.py')}\n" for name in names))
    text = (tmp_path / "experiment.yaml").read_text() + "report: [forest]\ntrain_limit: 60\n"
    (tmp_path / "experiment.yaml").write_text(text)
    run = evalsuite.run(tmp_path / "experiment.yaml", limit=5, out=tmp_path / "run")
    assert [task.name for task in run.manifest.tasks] == names
    again = text.replace(
        SYSTEMS, "systems:\n  forest: {backend: replay, run: run, system: forest}\n"
    )
    (tmp_path / "again.yaml").write_text(again)
    replayed = evalsuite.run(tmp_path / "again.yaml", limit=5, out=tmp_path / "again")
    key = ["task", "sample_id"]
    first, second = (one.responses.set_index(key).sort_index() for one in (run, replayed))
    assert list(first.index) == list(second.index) and set(first.index.levels[0]) == set(names)
    assert first.choice.equals(second.choice) and second.status.eq("ok").all()
    (group,) = evalsuite.summarise(replayed).prompts
    assert group.prompts == ("plain", "terse+2-shot+random")


def test_get_task_reads_how_to_ask_out_of_the_name(tmp_path: Path) -> None:
    (tmp_path / "ways.py").write_text(WAYS.replace("BASELINES", "()"))
    from evalsuite.experiment import named_task

    task = named_task("ways.py@terse+1-shot", base=tmp_path)
    one = next(iter(task.samples("test")))
    assert task.name == "tabular/ways@terse+1-shot" and len(task.messages(one)) == 3
