"""The documentation is run: every block of ``docs/*.md``, in order, in a folder of its own.

What a block is for stands after its opening fence:

- ``LANGUAGE title=PATH`` writes the block to PATH in the document's folder;
- ``console`` runs its ``$ evalsuite ...`` lines, which must end with 0 (or ``exit=CODE``); a line
  below a command must be part of its output, ``...`` stands for anything;
- ``python`` runs the block;
- ``yaml systems`` is checked as the ``systems:`` of an experiment, without being run: for what
  needs a key or a download;
- ``text`` and ``mermaid`` are for reading only.

A document whose blocks name an embedded model that is not there yet is skipped.
"""

from __future__ import annotations

import importlib
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest
import yaml

from evalsuite import store
from evalsuite.cli import main
from evalsuite.experiment import ExperimentFile, TaskChoice
from evalsuite.inline import InlineTask
from evalsuite.judging.binding import Active, JudgeBinding, Top
from evalsuite.judging.judge_file import Criterion, Example, JudgeFile
from evalsuite.reporting.columns import systems_columns
from evalsuite.running.events import Event, EventKind
from evalsuite.scoring.named import SCORERS
from evalsuite.systems.build import BACKENDS, HYBRIDS, parse_system
from evalsuite.systems.classical import ClassicalSpec
from evalsuite.systems.openai import OpenAISpec
from evalsuite.systems.replay import ReplaySpec
from evalsuite.systems.transformers import TransformersSpec
from evalsuite.task import Task

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted((ROOT / "docs").rglob("*.md"))
MODELS = ROOT / "evalsuite" / "embedded" / "models"
FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)(?:#[^)]*)?\)")


@dataclass(frozen=True, kw_only=True)
class Block:
    line: int
    language: str
    words: tuple[str, ...]
    options: dict[str, str]
    body: str


def blocks(text: str) -> Iterator[Block]:
    for match in FENCE.finditer(text):
        language, *rest = match["info"].split() or [""]
        yield Block(
            line=text.count("\n", 0, match.start()) + 1,
            language=language,
            words=tuple(word for word in rest if "=" not in word),
            options=dict(word.split("=", 1) for word in rest if "=" in word),
            body=match["body"],
        )


def commands(body: str) -> Iterator[tuple[list[str], list[str]]]:
    """Each command's arguments, and the lines shown below it."""
    for part in re.split(r"^\$ ", body.replace("\\\n", " "), flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        name, *arguments = shlex.split(command, comments=True)
        assert name == "evalsuite", f"only evalsuite is run, not {command!r}"
        yield arguments, [line.strip() for line in shown if line.strip() not in ("", "...")]


def run_command(arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit code of ``evalsuite ARGUMENTS``, run in this process, where imports are warm."""
    monkeypatch.setattr(sys, "argv", ["evalsuite", *arguments])
    try:
        main()
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    return 0


def check_systems(body: str) -> None:
    systems = yaml.safe_load(body)
    assert isinstance(systems, dict) and systems
    for name, config in systems.items():
        parse_system(name, config)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_every_block_does_what_it_says(
    document: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = list(blocks(document.read_text(encoding="utf-8")))
    named = {name for block in found for name in re.findall(r"\bembedded/(\w+)", block.body)}
    absent = sorted(name for name in named if not (MODELS / name).is_dir())
    if absent:
        pytest.skip(f"no embedded model {', '.join(absent)} here")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EVALSUITE_DATA", raising=False)
    monkeypatch.setenv("EVALSUITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "140")
    for block in found:
        where = f"{document.name}:{block.line}"
        if "title" in block.options:
            path = tmp_path / block.options["title"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.body, encoding="utf-8")
        elif block.language == "console":
            ran = list(commands(block.body))
            assert ran, f"{where}: no command"
            for arguments, shown in ran:
                capsys.readouterr()
                code = run_command(arguments, monkeypatch)
                output = "".join(capsys.readouterr())
                assert code == int(block.options.get("exit", 0)), f"{where}: {output}"
                for line in shown:
                    assert line in output, f"{where}: {line!r} is not in\n{output}"
        elif block.language == "python":
            exec(compile(block.body, where, "exec", dont_inherit=True), {"__name__": "__main__"})
        elif block.language == "yaml" and "systems" in block.words:
            check_systems(block.body)
        else:
            assert block.language in ("text", "mermaid"), f"{where}: say what this block is for"


@pytest.mark.parametrize(
    "document",
    [*DOCUMENTS, ROOT / "README.md", ROOT / "CONTRIBUTING.md"],
    ids=lambda path: path.name,
)
def test_links_lead_somewhere(document: Path) -> None:
    for target in LINK.findall(document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), f"{document.name} links to {target}"


NAMED = {
    "running": (*Event.__struct_fields__, *get_args(EventKind)),
    "experiments": (
        *ExperimentFile.model_fields,
        *TaskChoice.model_fields,
        *InlineTask.model_fields,
        *SCORERS,
    ),
    "tasks": tuple(Task.__dataclass_fields__),
    "systems": (
        *BACKENDS,
        *(
            field
            for spec in (
                TransformersSpec,
                OpenAISpec,
                ClassicalSpec,
                ReplaySpec,
            )
            for field in spec.model_fields
        ),
    ),
    **{
        f"hybrids/{name}": tuple(getattr(importlib.import_module(module), spec).model_fields)
        for name, (module, _, spec) in (
            (name, target.partition(":")) for name, target in HYBRIDS.items()
        )
    },
    "figures": (
        *(column.title for column in systems_columns()),
        *(f"{name}.parquet" for name in store.TABLES),
        *(column for columns in store.TABLES.values() for column in columns),
        "verdicts.parquet",
        *store.VERDICTS,
    ),
    "judges": (
        *JudgeBinding.model_fields,
        *Active.model_fields,
        *Top.model_fields,
        *JudgeFile.model_fields,
        *Criterion.model_fields,
        *Example.model_fields,
    ),
}


@pytest.mark.parametrize("stem", NAMED)
def test_a_document_leaves_nothing_out(stem: str) -> None:
    text = (ROOT / "docs" / f"{stem}.md").read_text(encoding="utf-8")
    spans = set(re.findall(r"`([^`\n]+)`", re.sub(FENCE, "", text)))
    missing = [name for name in dict.fromkeys(NAMED[stem]) if name not in spans]
    assert missing == [], f"docs/{stem}.md does not explain {missing}"
