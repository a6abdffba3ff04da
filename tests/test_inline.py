from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from evalsuite.datasets import BadData
from evalsuite.errors import ConfigError
from evalsuite.inline import InlineTask
from evalsuite.records import Answer

CSV = "id,text,team,who\n7,My bill is wrong,billing,ann\n8,No <signal> here,network,bob\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tickets.csv").write_text(CSV)
    (tmp_path / "empty.csv").write_text("id,text,team,who\n")
    return tmp_path


def inline(**changes: Any) -> InlineTask:
    fields = {
        "name": "support/intent",
        "data": "tickets.csv",
        "prompt": "Which team? {{ text }}",
        "target": "team",
        "scorer": "choice",
        "choices": ("billing", "network"),
    }
    return InlineTask.model_validate({**fields, **changes})


def test_a_task_of_a_file(folder: Path) -> None:
    task = inline(id="id", cluster="who", system="Be short.").task(folder)
    first, second = task.samples("test")
    assert (first.id, first.cluster, first.target) == ("7", "ann", "billing")
    assert [m.content for m in task.messages(second)] == [
        "Be short.",
        "Which team? No <signal> here",
    ]
    request = task.request(first, split="test", seed=0, repeat=0)
    assert request.choices == ("billing", "network")
    assert "billing" not in json.dumps(request.inputs)
    scores = {s.name: s for s in task.score(first, Answer(text="Billing."))}
    assert task.succeeded(scores) is True
    assert list(task.samples("train")) == []


def test_the_target_is_hidden_from_the_prompt(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"'team' is undefined; the columns are id, text, who"):
        inline(prompt="{{ team }}").task(folder)


def test_ids_come_from_content_where_no_column_is_named(tmp_path: Path) -> None:
    row = {"q": "1+1", "a": 2}
    (tmp_path / "x.jsonl").write_text(f"{json.dumps(row)}\n" * 2)
    task = inline(data="x.jsonl", prompt="{{ q }}", target="a", scorer="number", choices=()).task(
        tmp_path
    )
    one, two = task.samples("test")
    assert two.id == f"{one.id}-2"
    assert task.learnable is None and task.choices is None
    assert task.score(one, Answer(text="it is 2"))[0].value == 1.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": "nowhere.csv"}, "no such file"),
        ({"data": "empty.csv"}, "has no rows"),
        ({"train": "nowhere.csv"}, "no such file"),
        ({"train": "tickets.csv"}, "the same file is given for two splits"),
        ({"target": "label"}, "no column 'label'; it has id, text, team, who"),
        ({"id": "key"}, "no column 'key'"),
        ({"cluster": "key"}, "no column 'key'"),
        ({"scorer": "blue"}, "no scorer named 'blue'; there are "),
        ({"choices": ()}, "needs 'choices'"),
        ({"choices": ("a", "b")}, "'billing', which is none of the choices a, b"),
        ({"prompt": "{{ txt }}"}, "'txt' is undefined"),
        ({"prompt": "{{ text"}, "prompt, line 1"),
        ({"prompt": "{{ ().__class__.__mro__ }}"}, "unsafe"),
    ],
)
def test_mistakes_are_told_in_one_line(folder: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        inline(**changes).task(folder)
    assert message in str(raised.value)
    assert str(raised.value).startswith("task support/intent:")
    assert "\n" not in str(raised.value)


def test_an_unreadable_ending(folder: Path) -> None:
    (folder / "x.xlsx").write_text("")
    with pytest.raises(ConfigError, match="must end in"):
        inline(data="x.xlsx").task(folder)


def test_broken_rows_and_repeated_ids_are_told(folder: Path) -> None:
    (folder / "broken.csv").write_text(CSV + "9,too few\n")
    with pytest.raises(BadData, match=r"^task support/intent: .*broken\.csv:4: another number"):
        list(inline(data="broken.csv").task(folder).samples("test"))
    (folder / "twice.csv").write_text(CSV + "7,x,billing,ann\n")
    with pytest.raises(BadData, match=r"twice\.csv:4: id '7' occurs twice"):
        list(inline(data="twice.csv", id="id").task(folder).samples("test"))


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(ValidationError, match="temprature"):
        inline(temprature=1)


def test_classical_models_can_learn_from_a_train_file(folder: Path) -> None:
    (folder / "train.csv").write_text(CSV)
    assert inline(train="train.csv").task(folder).learnable == "texts"
    for file in ("rows.csv", "more.csv"):
        (folder / file).write_text("size,kind\n1,a\n2,b\n")
    rows = inline(
        data="rows.csv", train="more.csv", prompt="{{ size }}", target="kind", choices=("a", "b")
    ).task(folder)
    assert rows.learnable == "rows"
    assert next(iter(rows.samples("train"))).inputs == {"columns": {"size": "1"}}


def test_spans(tmp_path: Path) -> None:
    row = {"text": "Bo left", "spans": [{"start": 0, "end": 2, "label": "PER"}]}
    for file in ("x.json", "y.json"):
        (tmp_path / file).write_text(json.dumps([row]))
    task = inline(data="x.json", train="y.json", target="spans", scorer="spans", choices=("PER",))
    made = task.task(tmp_path)
    (sample,) = made.samples("test")
    assert made.learnable == "spans" and made.choices is None
    assert made.score(sample, Answer(text="PER: Bo"))[0].value == 1.0


def test_success_may_be_less_than_perfect(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"q": "?", "a": ["the red fox", "a fox"]}\n')
    task = inline(
        data="x.jsonl", prompt="{{ q }}", target="a", scorer="token_f1", success_at=0.5, choices=()
    ).task(tmp_path)
    (sample,) = task.samples("test")
    scores = {s.name: s for s in task.score(sample, Answer(text="one fox"))}
    assert scores["token_f1"].value == pytest.approx(2 / 3)
    assert task.succeeded(scores) is True


@pytest.mark.parametrize(
    ("scorer", "rows", "message"),
    [
        ("choice", [{"q": "a", "t": "yes"}, {"q": "b", "t": "maybe"}], "'maybe', which is none of"),
        ("number", [{"q": "a", "t": 1}, {"q": "b", "t": "many"}], "'many', which holds no number"),
        ("exact", [{"q": "a", "t": "x"}, {"q": "b", "t": None}], "t is missing"),
        ("exact", [{"q": "a", "t": "x"}, {"q": "b"}], "no column 't'; it has q"),
        ("regex", [{"q": "a", "t": "x"}, {"q": "b", "t": "("}], "which is no regular expression"),
        (
            "code",
            [{"q": "a", "t": {"entry_point": "f", "cases": []}}, {"q": "b", "t": "f"}],
            "no obj",
        ),
        (
            "spans",
            [{"q": "a", "text": "Bo", "t": []}, {"q": "b", "text": "Bo", "t": [[0, 9, "yes"]]}],
            "has a span that is no object",
        ),
        (
            "spans",
            [
                {"q": "a", "text": "Bo", "t": []},
                {"q": "b", "text": "Bo", "t": [{"start": 0, "end": 9, "label": "yes"}]},
            ],
            "has a span from 0 to 9 in a text of 2 characters",
        ),
        (
            "spans",
            [
                {"q": "a", "text": "Bo", "t": []},
                {"q": "b", "text": "Bo", "t": [{"start": 0, "end": 2, "label": "no"}]},
            ],
            "has a span labelled 'no', which is none of yes",
        ),
    ],
)
def test_a_wrong_row_is_named_when_it_is_reached(
    tmp_path: Path, scorer: str, rows: list[dict[str, Any]], message: str
) -> None:
    (tmp_path / "x.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    changes = {"data": "x.jsonl", "prompt": "{{ q }}", "target": "t", "scorer": scorer}
    samples = inline(**changes, choices=("yes",)).task(tmp_path).samples("test")
    assert next(iter(samples)).inputs["columns"]["q"] == "a"
    with pytest.raises(BadData) as raised:
        list(samples)
    assert str(raised.value).startswith(f"task support/intent: {tmp_path / 'x.jsonl'}:2: ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
