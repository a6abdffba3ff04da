"""Tasks without code: a data file, a prompt template and the name of a scorer.

In an experiment file::

    tasks:
      - name: support/intent
        data: tickets.csv
        prompt: "Which team handles this ticket? {{ text }}"
        target: team
        scorer: choice
        choices: [billing, network, sales]
        train: tickets_train.csv
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from evalsuite.datasets import Row, read_rows
from evalsuite.errors import ConfigError
from evalsuite.records import Answer, Message, Sample, Score, fingerprint
from evalsuite.scoring.named import NamedScorer, scorer
from evalsuite.task import Learnable, Split, Task

if TYPE_CHECKING:
    import jinja2

_ENDINGS = (".csv", ".jsonl", ".json", ".parquet")


class InlineTask(BaseModel):
    """A task as an experiment file states it.

    Attributes:
        name: Name of the task in results.
        data: The rows to answer: csv, jsonl, json (a list of objects) or parquet, all but the
            last also packed (.gz). Relative to the experiment file.
        prompt: Jinja2 template of the user turn over the columns of a row.
        target: The column that holds the right answer. Templates and systems do not see it.
        scorer: A scorer of :mod:`evalsuite.scoring.named`.
        success_at: Least value of the scorer's figure that is a success.
        choices: The closed set of answers; for scorer "spans", the labels.
        train: Rows that a classical model may learn from; ``validation``: rows that thresholds
            are picked on. They must not overlap ``data``.
        id: Column with unique ids; without it, ids are made of the content of the row.
        cluster: Column that names what rows share; errors are computed over clusters.
        system: System message, as it is.
        max_output_tokens: Longest answer.
        family: Group of tasks in results.
        licence: Licence of the data.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    data: str
    prompt: str
    target: str
    scorer: str
    success_at: float = 1.0
    choices: tuple[str, ...] = ()
    train: str | None = None
    validation: str | None = None
    id: str | None = None
    cluster: str | None = None
    system: str | None = None
    max_output_tokens: int = Field(default=256, gt=0)
    family: str = "custom"
    licence: str = ""

    def task(self, base: Path) -> Task:
        """The task, with its files found below ``base`` and its first rows checked.

        Raises:
            ConfigError: For a file or column that is not there, a file without rows or given for
                two splits, an unknown scorer, a scorer without the choices it needs, a template
                that does not render.
        """
        chosen = self._scorer()
        template = _template(self.prompt, self.name)
        files = {"test": self.data, "train": self.train, "validation": self.validation}
        paths = {split: base / file for split, file in files.items() if file is not None}
        if len({path.resolve() for path in paths.values()}) < len(paths):
            raise ConfigError(
                f"task {self.name}: the same file is given for two splits; "
                "a system would be graded on what it learnt from"
            )
        for path in paths.values():
            self._check(path, template, chosen)

        def samples(split: Split) -> Iterator[Sample]:
            return self._samples(paths[split]) if split in paths else iter(())

        def score(sample: Sample, answer: Answer) -> Sequence[Score]:
            return chosen.score(sample, answer, self.choices)

        return Task(
            name=self.name,
            family=self.family,
            summary=f"Rows of {Path(self.data).name}, scored by {self.scorer}.",
            samples=samples,
            prompt=self._prompt(template),
            score=score,
            success=chosen.decides,
            success_at=self.success_at,
            choices=self._choices(),
            learnable=self._learnable(paths["train"]) if "train" in paths else None,
            max_output_tokens=self.max_output_tokens,
            runs_code=chosen.runs_code,
            source=self.data,
            licence=self.licence,
        )

    def _scorer(self) -> NamedScorer:
        try:
            chosen = scorer(self.scorer)
        except ConfigError as error:
            raise ConfigError(f"task {self.name}: {error}") from None
        if chosen.needs_choices and not self.choices:
            raise ConfigError(f"task {self.name}: scorer {self.scorer!r} needs 'choices'")
        return chosen

    def _check(self, path: Path, template: jinja2.Template, chosen: NamedScorer) -> None:
        where = f"task {self.name}: {path}"
        if not path.is_file():
            raise ConfigError(f"{where}: no such file")
        if not path.name.removesuffix(".gz").endswith(_ENDINGS):
            raise ConfigError(f"{where}: must end in {', '.join(_ENDINGS)}")
        first = next(self._rows(path), None)
        if first is None:
            raise ConfigError(f"{where}: has no rows")
        wanted = [self.target, self.id, self.cluster, "text" if chosen.needs_text else None]
        for column in wanted:
            if column is not None and column not in first:
                raise ConfigError(f"{where}: no column {column!r}; it has {', '.join(first)}")
        sample = next(self._samples(path))
        self._prompt(template)(sample)
        if self.scorer == "choice" and sample.target not in self.choices:
            raise ConfigError(
                f"{where}: the first {self.target} is {sample.target!r}, which is none of the "
                f"choices {', '.join(self.choices)}"
            )

    def _rows(self, path: Path) -> Iterator[Row]:
        try:
            yield from read_rows(path)
        except (ValueError, OSError) as error:
            raise ConfigError(f"task {self.name}: {error}") from None

    def _samples(self, path: Path) -> Iterator[Sample]:
        seen: Counter[str] = Counter()
        for row in self._rows(path):
            own = str(row[self.id]) if self.id else fingerprint(row)
            seen[own] += 1
            if self.id and seen[own] > 1:
                raise ConfigError(f"task {self.name}: {path}: {self.id} {own!r} occurs twice")
            columns = {name: value for name, value in row.items() if name != self.target}
            text = {"text": columns["text"]} if "text" in columns else {}
            yield Sample(
                id=own if seen[own] == 1 else f"{own}-{seen[own]}",
                inputs={"columns": columns, **text},
                target=str(row[self.target]) if self.scorer == "choice" else row[self.target],
                cluster=str(row[self.cluster]) if self.cluster else None,
            )

    def _prompt(self, template: jinja2.Template) -> Callable[[Sample], Sequence[Message]]:
        system = (Message(role="system", content=self.system),) if self.system else ()

        def prompt(sample: Sample) -> Sequence[Message]:
            import jinja2

            try:
                text = template.render(sample.inputs["columns"])
            except jinja2.UndefinedError as error:
                known = ", ".join(sample.inputs["columns"])
                raise ConfigError(
                    f"task {self.name}: prompt: {error}; the columns are {known}"
                ) from None
            except jinja2.TemplateError as error:
                raise ConfigError(f"task {self.name}: prompt: {error}") from None
            return (*system, Message(role="user", content=text))

        return prompt

    def _choices(self) -> Callable[[Sample], Sequence[str]] | None:
        # The labels of spans are no closed set of answers.
        return (lambda sample: self.choices) if self.scorer == "choice" else None

    def _learnable(self, train: Path) -> Learnable | None:
        if self.scorer == "spans":
            return "spans"
        if self.scorer != "choice":
            return None
        return "texts" if "text" in next(self._samples(train)).inputs else "rows"


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
