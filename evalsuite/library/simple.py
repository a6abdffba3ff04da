"""A task of rows in a few lines: files, a prompt over a row, the target's column, a scorer.

A row of a file is a sample. Its columns but the target are what systems may see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalsuite.datasets import ENDINGS, BadData, Row, read_rows
from evalsuite.errors import ConfigError
from evalsuite.library.targets import target_problem
from evalsuite.records import Answer, Message, Sample, Score, fingerprint
from evalsuite.scoring.named import NamedScorer, scorer
from evalsuite.task import Learnable, Task

if TYPE_CHECKING:
    import jinja2

Columns = Mapping[str, Any]
AskRow = Callable[[Columns], "str | Sequence[Message]"]
OwnScore = Callable[[Sample, Answer], Sequence[Score]]

_SHOWN_AS_TEXT = frozenset({"exact", "contains", "token_f1", "number", "choice"})


def simple_task(
    name: str,
    *,
    test: Path | str,
    prompt: str | AskRow,
    target: str,
    scorer: str | OwnScore,
    success: str | None = None,
    choices: Sequence[str] = (),
    train: Path | str | None = None,
    validation: Path | str | None = None,
    id: str | None = None,
    cluster: str | None = None,
    system: str | None = None,
    **fields: Any,
) -> Task:
    """A task over the rows of files; a row that is wrong is BadData when it is read.

    Args:
        name: Name of the task in results, ``family/name``.
        test: The rows to answer: csv, tsv, jsonl, json or parquet.
        prompt: The user turn: a Jinja2 template over the columns of a row, or a function of them.
            The target is not among them.
        target: The column of the right answer.
        scorer: A name of :mod:`evalsuite.scoring.named`, or a function of sample and answer.
        success: Name of the score that decides; a named scorer has one.
        choices: The closed set of answers; for scorer "spans", the labels.
        train: Rows to learn from and to show as examples.
        validation: Rows to pick thresholds on.
        id: Column of unique ids; without it, a row's id is made of its content.
        cluster: Column that names what rows share.
        system: System message, as it is.
        fields: Further fields of :class:`evalsuite.task.Task` (``summary``, ``licence`` ...).

    Raises:
        ConfigError: For files, a scorer or a prompt that cannot be, or a first row that is wrong.
    """
    files = {"test": test, "train": train, "validation": validation}
    named = _named(name, scorer, choices) if isinstance(scorer, str) else None
    rows = _Rows(
        name=name,
        paths={split: Path(file) for split, file in files.items() if file is not None},
        target=target,
        scorer=scorer if isinstance(scorer, str) else "",
        named=named,
        choices=tuple(choices),
        id=id,
        cluster=cluster,
    )
    ask = _asking(name, prompt, system)
    rows.check(ask)
    decides = _deciding(name, success, named)
    return Task(
        name=name,
        samples=rows.samples,
        prompt=ask,
        score=rows.score if isinstance(scorer, str) else scorer,
        success=decides,
        **{**rows.stated(decides), **fields},
    )


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """The files of a task, and how a row becomes a sample."""

    name: str
    paths: Mapping[str, Path]
    target: str
    scorer: str
    named: NamedScorer | None
    choices: tuple[str, ...]
    id: str | None
    cluster: str | None

    def check(self, ask: Callable[[Sample], Any]) -> None:
        """Find what is wrong with files and their first rows before anything is asked."""
        if len({path.resolve() for path in self.paths.values()}) < len(self.paths):
            raise ConfigError(
                f"task {self.name}: the same file is given for two splits; "
                "a system would be graded on what it learnt from"
            )
        for split, path in self.paths.items():
            where = f"task {self.name}: {path}"
            if not path.is_file():
                raise ConfigError(f"{where}: no such file")
            if not path.name.removesuffix(".gz").endswith(ENDINGS):
                raise ConfigError(f"{where}: must end in {', '.join(ENDINGS)}")
            try:
                first = next(self.samples(split), None)
            except BadData as error:
                raise ConfigError(str(error)) from None
            if first is None:
                raise ConfigError(f"{where}: has no rows")
            ask(first)

    def samples(self, split: str) -> Iterator[Sample]:
        """The rows of a split as samples; a split without a file is empty."""
        if split not in self.paths:
            return
        seen: dict[str, int] = {}
        try:
            for row in read_rows(self.paths[split]):
                yield self._sample(row, seen)
        except BadData as error:
            raise BadData(f"task {self.name}: {error}") from None

    def _sample(self, row: Row, seen: dict[str, int]) -> Sample:
        own = str(row[self.id]) if self.id else fingerprint(row)
        seen[own] = seen.get(own, 0) + 1
        if self.id and seen[own] > 1:
            raise BadData(f"{row.where}: {self.id} {own!r} occurs twice")
        target = row[self.target]
        columns = {name: value for name, value in row.items() if name != self.target}
        text = row["text"] if self.named and self.named.needs_text else columns.get("text")
        wrong = target_problem(self.scorer, target, choices=self.choices, text=str(text or ""))
        if wrong is not None:
            raise BadData(f"{row.where}: {self.target} {wrong}")
        return Sample(
            id=own if seen[own] == 1 else f"{own}-{seen[own]}",
            inputs={"columns": columns, **({} if text is None else {"text": text})},
            target=str(target) if self.scorer == "choice" else target,
            cluster=str(row[self.cluster]) if self.cluster else None,
        )

    def score(self, sample: Sample, answer: Answer) -> Sequence[Score]:
        """The named scorer's scores."""
        assert self.named is not None
        return self.named.score(sample, answer, self.choices)

    def stated(self, decides: str) -> dict[str, Any]:
        """The fields of the task that follow from its scorer, its choices and its files."""
        file = self.paths["test"].name
        # The labels of spans are no set of answers.
        closed = bool(self.choices) and (self.named is None or self.scorer == "choice")
        return {
            "family": self.name.partition("/")[0],
            "summary": f"Rows of {file}, scored by {self.scorer or decides}",
            "source": file,
            "choices": (lambda sample: self.choices) if closed else None,
            "learnable": self._learnable(closed=closed) if "train" in self.paths else None,
            "runs_code": bool(self.named and self.named.runs_code),
            "shot": _shot if self.scorer in _SHOWN_AS_TEXT else None,
            "corpus": dict(self.named.corpus) if self.named else {},
            "ready": self.named.ready if self.named else None,
        }

    def _learnable(self, *, closed: bool) -> Learnable | None:
        if self.scorer == "spans":
            return "spans"
        if not closed:
            return None
        return "texts" if "text" in next(self.samples("train")).inputs else "rows"


def _named(name: str, wanted: str, choices: Sequence[str]) -> NamedScorer:
    try:
        chosen = scorer(wanted)
    except ConfigError as error:
        raise ConfigError(f"task {name}: {error}") from None
    if chosen.needs_choices and not choices:
        raise ConfigError(f"task {name}: scorer {wanted!r} needs 'choices'")
    return chosen


def _deciding(name: str, success: str | None, named: NamedScorer | None) -> str:
    """The score that decides: the one that was said, or that of the named scorer."""
    decides = success or (named.decides if named else None)
    if decides is None:
        raise ConfigError(f"task {name}: name the score that decides with success=")
    return decides


def _shot(sample: Sample) -> str:
    """The target, or the first of several, as an example gives it."""
    several = isinstance(sample.target, list) and sample.target
    return str(sample.target[0] if several else sample.target)


def _asking(
    name: str, prompt: str | AskRow, system: str | None
) -> Callable[[Sample], Sequence[Message]]:
    """The prompt of a task over its samples' columns, after the system's message."""
    first = (Message(role="system", content=system),) if system else ()
    ask = _templated(name, prompt) if isinstance(prompt, str) else prompt

    def asked(sample: Sample) -> Sequence[Message]:
        columns = sample.inputs["columns"]
        try:
            turns = ask(columns)
        except KeyError as error:
            known = ", ".join(columns)
            raise ConfigError(
                f"task {name}: prompt: {error} is no column; the columns are {known}"
            ) from error
        if isinstance(turns, str):
            turns = (Message(role="user", content=turns),)
        return (*first, *turns)

    return asked


def _templated(name: str, text: str) -> AskRow:
    template = _template(text, name)

    def render(columns: Columns) -> str:
        import jinja2

        try:
            return template.render(columns)
        except jinja2.UndefinedError as error:
            known = ", ".join(columns)
            raise ConfigError(f"task {name}: prompt: {error}; the columns are {known}") from None
        except jinja2.TemplateError as error:
            raise ConfigError(f"task {name}: prompt: {error}") from None

    return render


def _template(text: str, name: str) -> jinja2.Template:
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined, autoescape=False, keep_trailing_newline=True
    )
    try:
        template = environment.from_string(text)
    except jinja2.TemplateSyntaxError as error:
        raise ConfigError(f"task {name}: prompt, line {error.lineno}: {error.message}") from None
    template.globals = dict(template.globals)  # a ChainMap, which rendering would copy each time
    return template
