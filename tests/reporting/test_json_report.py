from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from evalsuite.analysis.intervals import Estimate
from evalsuite.analysis.verdict import headline
from evalsuite.reporting.json_report import VERSION, json_schema, json_value, to_json
from tests.reporting.conftest import HOSTILE, Reported, report_of_four


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Reported:
    return report_of_four(tmp_path_factory.mktemp("reported") / "run")


def strictly(text: str) -> Any:
    def refuse(literal: str) -> None:
        raise AssertionError(f"{literal} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_a_report_is_what_its_schema_says(reported: Reported) -> None:
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    found = strictly(to_json(reported.summary))
    assert [error.message for error in Draft202012Validator(schema).iter_errors(found)] == []
    assert found["evalsuite_report"] == VERSION
    assert found["headline"] == headline(reported.summary)
    assert set(schema["required"]) <= found.keys() <= set(schema["properties"])


def test_the_schema_notices_what_is_wrong(reported: Reported) -> None:
    found = strictly(to_json(reported.summary))
    found["systems"][0]["figures"]["n_scored"] = "many"
    del found["tasks"]
    problems = {error.json_path for error in Draft202012Validator(json_schema()).iter_errors(found)}
    assert problems == {"$", "$.systems[0].figures.n_scored"}


def test_the_figures_are_those_of_the_summary(reported: Reported) -> None:
    found = strictly(to_json(reported.summary))
    by_name = {item["entry"]["name"]: item["figures"] for item in found["systems"]}
    figures = reported.summary.system("large").figures
    assert by_name["large"]["macro_success_rate"] == dataclasses.asdict(figures.macro_success_rate)
    assert by_name["vendor"]["usd"] is None
    assert by_name["large"]["usd"] == figures.usd


def test_infinite_and_missing_figures_have_words() -> None:
    unbounded = Estimate(value=math.inf, low=-math.inf, high=None, n=3, method="x")
    written = json_value({"a": unbounded, "b": math.nan})
    assert written["a"]["value"] == "Infinity" and written["a"]["low"] == "-Infinity"
    assert written["a"]["high"] is None and written["b"] is None
    assert strictly(json.dumps(written, allow_nan=False)) == written


nested = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(nested)
def test_whatever_is_in_a_summary_survives(value: Any) -> None:
    def back(found: Any) -> Any:
        if isinstance(found, dict):
            return {key: back(item) for key, item in found.items()}
        if isinstance(found, list):
            return [back(item) for item in found]
        return float(found) if found in ("Infinity", "-Infinity") else found

    assert back(strictly(json.dumps(json_value(value), allow_nan=False))) == back(value)


def test_hostile_text_is_a_string_like_any_other(reported: Reported) -> None:
    manifest = msgspec.structs.replace(reported.summary.manifest, name=HOSTILE)
    named = dataclasses.replace(reported.summary, manifest=manifest)
    assert strictly(to_json(named))["manifest"]["name"] == HOSTILE


@pytest.mark.parametrize("value", [np.float64(0.5), np.int64(3), np.bool_(True)])
def test_numpy_is_not_meant_to_be_in_a_summary(reported: Reported, value: Any) -> None:
    """Summaries hold plain numbers; one that does not is found here rather than by a reader."""

    def plain(found: Any) -> bool:
        if isinstance(found, dict):
            return all(map(plain, found.values()))
        if isinstance(found, list):
            return all(map(plain, found))
        return not isinstance(found, np.generic)

    assert not plain([value])
    assert plain(json_value(reported.summary))
