from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.scoring.sandbox import child
from evalsuite.scoring.sandbox.child import NotPlain, decode, encode

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**30, 10**31)
    | st.floats(allow_nan=False)
    | st.text(max_size=9)
    | st.binary(max_size=9)
    | st.complex_numbers(allow_nan=False)
)
hashables = st.recursive(
    scalars,
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=4,
)
values = st.recursive(
    hashables | st.sets(hashables, max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hashables, inner, max_size=3),
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
    back = decode(encode(value))
    assert back == value
    assert shape(back) == shape(value)


def test_nan_survives() -> None:
    assert math.isnan(decode(encode(float("nan"))))


@pytest.mark.parametrize(
    "wire", [{}, {"a": 1, "b": 2}, {"int": "x"}, {"set": [[1]]}, {"eval": "1"}, {"dict": [[1]]}]
)
def test_malformed_values_are_refused(wire: Any) -> None:
    with pytest.raises(NotPlain):
        decode(wire)


def test_it_imports_nothing_of_this_package() -> None:
    code = "import runpy, sys; runpy.run_path(sys.argv[1]); print('evalsuite' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, child.__file__], capture_output=True, text=True
    )
    assert done.stdout.strip() == "False"
