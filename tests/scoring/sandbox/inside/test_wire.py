from __future__ import annotations

import copy
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.scoring.sandbox.inside.wire import NotPlain, decode, encode, may_change, update
from evalsuite.scoring.sandbox.zygotes import inner_command

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**30, 10**31)
    | st.floats(allow_nan=False)
    | st.text(max_size=9)
    | st.binary(max_size=9)
    | st.complex_numbers(allow_nan=False)
    | st.just(...)
    | st.builds(range, st.integers(0, 9), st.integers(10, 99))
)
hashables = st.recursive(
    scalars,
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=4,
)
values = st.recursive(
    hashables | st.sets(hashables, max_size=3) | st.builds(bytearray, st.binary(max_size=9)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(hashables, inner, max_size=3)
        | st.lists(st.integers() | st.floats(allow_nan=False), min_size=17, max_size=20)
    ),
    max_leaves=10,
)


def shape(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value), [shape(item) for item in value]
    if isinstance(value, dict):
        return dict, [shape(item) for item in value.values()]
    return type(value)


@given(values)
def test_plain_values_survive_with_their_types(value: Any) -> None:
    back = decode(json.loads(json.dumps(encode(value))))
    assert back == value
    assert shape(back) == shape(value)


def test_what_is_not_finite_survives_also_in_long_lists() -> None:
    assert math.isnan(decode(encode(float("nan"))))
    back = decode(json.loads(json.dumps(encode([math.inf, -math.inf, 2**70, *range(30)]))))
    assert back == [math.inf, -math.inf, 2**70, *range(30)]


@pytest.mark.parametrize(
    "wire",
    [
        {},
        {"a": 1, "b": 2},
        {"int": "x"},
        {"set": [[1]]},
        {"eval": "1"},
        {"dict": [[1]]},
        {"range": []},
        {"complex": [1]},
        {"object": [0, "x"]},
        {"iterator": 0},
        {"set": [{"int": hex(i * (2**61 - 1))} for i in range(5000)]},
    ],
)
def test_malformed_values_are_refused(wire: Any) -> None:
    with pytest.raises(NotPlain):
        decode(wire)


def test_objects_stay_if_they_may() -> None:
    kept: list[Any] = []

    def keep(thing: Any) -> int:
        kept.append(thing)
        return len(kept) - 1

    class Thing:
        pass

    thing, items = Thing(), iter([1])
    assert encode([thing, items], keep) == [{"object": [0, "Thing"]}, {"iterator": 1}]
    assert kept == [thing, items]
    with pytest.raises(NotPlain, match="class Thing is no plain data"):
        encode((thing,))
    given_back = decode([{"object": [0, "Thing"]}], lambda kind, content: (kind, content))
    assert given_back == [("object", [0, "Thing"])]


@given(values, values)
def test_update_gives_the_new_content(old: Any, new: Any) -> None:
    before = copy.deepcopy(old)
    after = update(old, copy.deepcopy(new))
    assert after == new
    if type(before) is type(new) and may_change(before) and not isinstance(before, tuple):
        assert after is old


def test_what_may_change() -> None:
    assert may_change([]) and may_change((1, [2])) and may_change(bytearray())
    assert not may_change((1, "a", frozenset())) and not may_change("text")


def test_the_inner_modules_load_nothing_else_of_this_package(tmp_path: Path) -> None:
    command = inner_command("zygote", {})
    code = command[4].replace("zygote.main(json.loads(settings))", "print(sorted(sys.modules))")
    done = subprocess.run([*command[:4], code, *command[5:]], capture_output=True, text=True)
    loaded = [name for name in eval(done.stdout) if name.partition(".")[0] == "evalsuite"]
    inside = "evalsuite.scoring.sandbox.inside"
    assert f"{inside}.zygote" in loaded
    others = [name for name in loaded if not name.startswith(inside)]
    assert others == ["evalsuite", "evalsuite.scoring", "evalsuite.scoring.sandbox"]
    assert "json" in eval(done.stdout) and sys.executable
