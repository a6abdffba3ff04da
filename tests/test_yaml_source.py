from __future__ import annotations

from pathlib import Path

import pytest

from evalsuite.errors import ConfigError
from evalsuite.yaml_source import read_yaml


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "experiment.yaml"
    path.write_text(text)
    return path


def test_every_key_and_item_knows_its_line(tmp_path: Path) -> None:
    source = read_yaml(write(tmp_path, "a: 1\nb:\n  - x\n  - y: 2\n"))
    assert source.value == {"a": 1, "b": ["x", {"y": 2}]}
    assert source.where(("b", 1, "y")).endswith("experiment.yaml:4")
    assert source.where(("b", 0)).endswith(":3")
    assert source.where(("b", 1, "y", "deeper")).endswith(":4"), "the nearest ancestor"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1, 2\nb: 3\n", r"experiment\.yaml:2: broken YAML"),
        ("a: 1\nb: 2\na: 3\n", r"experiment\.yaml:3: 'a' stands here a second time"),
        ("a: \tx: y\n", r"broken YAML"),
    ],
)
def test_mistakes_are_named_by_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_yaml(write(tmp_path, text))


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: no such file"):
        read_yaml(tmp_path / "nowhere.yaml")


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "experiment.yaml"
    path.write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_yaml(path)
