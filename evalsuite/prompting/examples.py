"""Few-shot examples: which solved samples are shown before a question."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from evalsuite.errors import ConfigError, ExtraMissing
from evalsuite.prompting.names import Prompting, base_name
from evalsuite.records import Message, Sample, fingerprint
from evalsuite.task import Prompt, Split, Task

POOL = 2000
"""Most samples that examples are chosen from."""
READ = 50_000
"""Most samples of a split that these are drawn from: files are often sorted by class."""
# One example may have the id of the question asked, a second its inputs, a third its wording.
_SPARE = 3

Label = Callable[[Sample], str]


@dataclass(frozen=True, kw_only=True)
class _Example:
    """A sample with what makes it the same as another: its inputs and its wording, normalised."""

    sample: Sample
    inputs: str
    wording: str

    def is_like(self, other: _Example) -> bool:
        """Whether one of the two would give the other away."""
        return (
            self.sample.id == other.sample.id
            or self.inputs == other.inputs
            or self.wording == other.wording
        )


Choose = Callable[[_Example], Sequence[_Example]]


def chooser(
    task: Task, prompt: Prompt, label: Label, prompting: Prompting, answered: Split
) -> Callable[[Sample], list[Sample]]:
    """What gives the examples to show before a sample, in order.

    ``prompt`` words the samples, ``label`` names their classes. The pool is read, once, when the
    first examples are asked for; then ConfigError is raised where it is too small.
    """
    pool = _Pool(task=task, prompt=prompt, answered=answered, shots=prompting.shots)
    similar = prompting.select == "similar"
    choose = _similar(pool) if similar else _fixed(pool, prompting, label)

    def examples(sample: Sample) -> list[Sample]:
        asked = _example(sample, prompt)
        chosen = choose(asked)
        if len(chosen) < prompting.shots:
            raise ConfigError(
                f"task {task.name!r}: {prompting.shots} examples are wanted, and beside sample "
                f"{sample.id!r} there are {len(chosen)}"
            )
        return [example.sample for example in chosen]

    return examples


@dataclass(frozen=True, kw_only=True)
class _Pool:
    """Where the examples of a task come from."""

    task: Task
    prompt: Prompt
    answered: Split
    shots: int

    def read(self, limit: int | None = None) -> tuple[_Example, ...]:
        """The first ``limit`` examples, each content once; without a limit, ``POOL`` drawn ones."""
        splits: tuple[Split, ...] = ("train", "validation")
        for split in splits:
            if split == self.answered:
                continue
            samples = self._drawn(split) if limit is None else self.task.samples(split)
            found = tuple(islice(_distinct(islice(samples, READ), self.prompt), limit))
            if len(found) >= self.shots:
                return found
            if found:
                raise ConfigError(
                    f"task {self.task.name!r}: {self.shots} examples are wanted, and its {split} "
                    f"split has {len(found)}"
                )
        raise ConfigError(
            f"task {self.task.name!r} has no examples to show: neither a train nor a validation "
            f"split beside the {self.answered} split that is answered"
        )

    def _drawn(self, split: Split) -> Iterable[Sample]:
        """At most ``POOL`` samples of ``split``, in its order; the same for all ways to ask."""
        if self.task.endless:  # comes in random order as it is
            return islice(self.task.samples(split), POOL)
        every = list(islice(self.task.samples(split), READ))
        if len(every) <= POOL:
            return every
        rng = random.Random(f"pool of {base_name(self.task.name)}")
        return [every[at] for at in sorted(rng.sample(range(len(every)), POOL))]


def _distinct(samples: Iterable[Sample], prompt: Prompt) -> Iterator[_Example]:
    seen: set[str] = set()
    for sample in samples:
        example = _example(sample, prompt)
        if not seen & {example.inputs, example.wording}:
            seen |= {example.inputs, example.wording}
            yield example


def _example(sample: Sample, prompt: Prompt) -> _Example:
    turns = [turn for turn in turns_of(prompt(sample)) if turn.role != "system"]
    wording = [part for turn in turns for part in (turn.content, *turn.images)]
    return _Example(
        sample=sample,
        inputs=f"inputs {_normalised(_texts(sample.inputs)) or sample.id}",
        wording=f"wording {_normalised(wording) or sample.id}",
    )


def turns_of(prompt: str | Sequence[Message]) -> tuple[Message, ...]:
    """What a task's ``prompt`` gives, as turns."""
    if isinstance(prompt, str):
        return (Message(role="user", content=prompt),)
    return tuple(prompt)


def _texts(value: Any) -> Iterator[str]:
    """Every text and number in ``value``, in order."""
    if isinstance(value, dict):
        value = value.values()
    elif isinstance(value, str) or not isinstance(value, Iterable):
        yield str(value)
        return
    for part in value:
        yield from _texts(part)


def _normalised(texts: Iterable[str]) -> str:
    return " ".join(" ".join(texts).casefold().split())


def _fixed(pool: _Pool, prompting: Prompting, label: Label) -> Choose:
    """The same examples for every question: the first, or a balanced random set."""

    @functools.cache
    def queue() -> Sequence[_Example]:
        wanted = prompting.shots + _SPARE
        if prompting.select == "first":
            return pool.read(wanted)
        return _balanced(pool.read(), wanted, label, f"{pool.task.name}/{prompting.seed}")

    def place(example: _Example) -> str:
        return fingerprint(["place", prompting.seed, example.sample.id])

    def choose(asked: _Example) -> Sequence[_Example]:
        chosen = [one for one in queue() if not one.is_like(asked)][: prompting.shots]
        if prompting.select == "random":
            chosen.sort(key=place)  # so that the order does not tell how frequent classes are
        return chosen

    return choose


def _balanced(pool: Sequence[_Example], wanted: int, label: Label, seed: str) -> Sequence[_Example]:
    """``wanted`` of the ``pool``, one class after the other, the most frequent class first.

    As HELM draws its examples (``InContextLearningAdapter.sample_examples``; Liang et al. 2022,
    arXiv:2211.09110): classes of the same size are in random order, and where there are more
    classes than examples the rarest have none.
    """
    rng = random.Random(seed)
    classes: dict[str, list[_Example]] = {}
    for example in pool:
        classes.setdefault(label(example.sample), []).append(example)
    names = sorted(classes)
    rng.shuffle(names)
    names.sort(key=lambda name: -len(classes[name]))
    drawn: list[_Example] = []
    while len(drawn) < min(wanted, len(pool)):
        for name in names:
            if classes[name] and len(drawn) < wanted:
                drawn.append(classes[name].pop(rng.randrange(len(classes[name]))))
    return drawn


def _similar(pool: _Pool) -> Choose:
    """Of each question the nearest examples by TF-IDF cosine over the inputs, the nearest last.

    Inputs and not prompts are compared, so that all variants of a task show the same examples.
    Nearest neighbours as examples: Liu et al. (2022), arXiv:2101.06804, there with embeddings.
    """

    @functools.cache
    def index() -> tuple[Sequence[_Example], Any, Any]:
        try:
            from sklearn.feature_extraction.text import TfidfVectorizer
        except ImportError:
            purpose = "`select: similar`"
            raise ExtraMissing("scikit-learn", "classical", purpose) from None
        examples = pool.read()
        vectorizer = TfidfVectorizer(token_pattern=r"(?u)\b\w+\b", sublinear_tf=True)
        try:
            return examples, vectorizer, vectorizer.fit_transform(map(_words, examples)).T.tocsr()
        except ValueError:
            message = f"task {pool.task.name!r}: its inputs have no words to find similar ones by"
            raise ConfigError(message) from None

    def choose(asked: _Example) -> Sequence[_Example]:
        examples, vectorizer, columns = index()
        cosines = (vectorizer.transform([_words(asked)]) @ columns).toarray()[0]
        nearest = (examples[at] for at in (-cosines).argsort(kind="stable"))
        chosen = list(islice((one for one in nearest if not one.is_like(asked)), pool.shots))
        return chosen[::-1]

    return choose


def _words(example: _Example) -> str:
    """What is compared: the inputs without images."""
    texts = _texts(example.sample.inputs)
    return " ".join(text for text in texts if not text.startswith("data:"))
