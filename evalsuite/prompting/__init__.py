"""Other ways to ask a task: its variants, few-shot examples, and the form of a plain completion.

A task asked in another way is another task, under a name that says how:
``reasoning/gsm8k@terse+5-shot+similar+completion``. What is not said is the default, so the task's
own prompt, in chat form and without examples, keeps the task's own name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from evalsuite.errors import ConfigError
from evalsuite.hints import did_you_mean
from evalsuite.prompting.examples import POOL, chooser, turns_of
from evalsuite.prompting.names import (
    PLAIN,
    Form,
    Prompting,
    Select,
    base_name,
    form_of,
    is_reserved,
    parse_name,
    renamed,
)
from evalsuite.records import Message, Sample
from evalsuite.task import Split, Task, Variant

__all__ = [
    "PLAIN",
    "POOL",
    "Form",
    "Prompting",
    "Select",
    "base_name",
    "form_of",
    "parse_name",
    "prompted",
    "variants_of",
]

QUESTION, ANSWER = "Question:", "Answer:"
"""What opens the blocks of the completion form."""

# Turns without the system's, and for an example the assistant's turn that answers them.
_Shown = tuple[list[Message], str]


def variants_of(task: Task) -> tuple[str, ...]:
    """Every wording of ``task``, its own first."""
    return (PLAIN, *task.variants)


def prompted(task: Task, prompting: Prompting, *, answered: Split = "test") -> Task:
    """``task`` asked as ``prompting`` says, under the name that says so.

    In chat form the examples are turns of user and assistant, after the system's turn if there is
    one. In completion form everything is one text, blocks of question and answer, that ends where
    the answer to the last question begins; a stop string keeps the model from asking the next.

    Examples come from the train split, or from the validation split where there is no other; never
    from ``answered``, the split that is answered for the record. An example with the id, the inputs
    or the wording of the question asked is left out for that question. The pool (at most ``POOL``
    samples, drawn from the split) is read, once, when the first prompt is made.

    Raises:
        ConfigError: no such variant, a task that cannot be shown by example and, when the first
            prompt is made, too few examples.
    """
    variant = _variant(task, prompting.variant)
    shot = variant.shot or task.shot
    if prompting.shots < 0:
        raise ConfigError(f"task {task.name!r}: {prompting.shots} examples cannot be")
    if prompting.shots and shot is None:
        raise ConfigError(
            f"task {task.name!r} cannot be shown by example: it has no `shot`, the answer that an "
            "example gives"
        )
    choices = None if variant.generated else variant.choices or task.choices

    def nothing_shown(sample: Sample) -> list[Sample]:
        return []

    examples: Callable[[Sample], list[Sample]] = nothing_shown
    if prompting.shots and shot is not None:
        label = shot if choices else lambda sample: ""
        examples = chooser(task, variant.prompt, label, prompting, answered)

    def prompt(sample: Sample) -> Sequence[Message]:
        system, question = _split(variant, sample)
        shown = [_shown(variant, shot, example) for example in examples(sample)]
        if prompting.form == "completion":
            return (_completion(task.name, system, shown, question),)
        return (*system, *_chat(shown), *question)

    ends = (f"\n{QUESTION}",) if prompting.form == "completion" else ()
    return replace(
        task,
        name=renamed(task.name, prompting),
        prompt=prompt,
        choices=choices,
        score=variant.score or task.score,
        shot=shot,
        max_output_tokens=variant.max_output_tokens or task.max_output_tokens,
        stop=(*task.stop, *ends),
    )


def _variant(task: Task, name: str) -> Variant:
    for known in task.variants:
        if is_reserved(known):
            raise ConfigError(f"task {task.name!r}: a variant cannot be called {known!r}")
    if name == PLAIN:
        return Variant(prompt=task.prompt)
    if name not in task.variants:
        every = f"it has {', '.join(variants_of(task))}"
        hint = did_you_mean(name, variants_of(task), otherwise=every)
        raise ConfigError(f"task {task.name!r} has no prompt {name!r}: {hint}")
    return task.variants[name]


def _split(variant: Variant, sample: Sample) -> tuple[list[Message], list[Message]]:
    """The system's turns and the others."""
    turns = turns_of(variant.prompt(sample))
    system = [turn for turn in turns if turn.role == "system"]
    return system, [turn for turn in turns if turn.role != "system"]


def _shown(variant: Variant, shot: Callable[[Sample], str] | None, sample: Sample) -> _Shown:
    assert shot is not None
    return _split(variant, sample)[1], shot(sample)


def _chat(shown: Sequence[_Shown]) -> list[Message]:
    return [
        turn
        for turns, answer in shown
        for turn in (*turns, Message(role="assistant", content=answer))
    ]


def _completion(
    name: str, system: Sequence[Message], shown: Sequence[_Shown], question: Sequence[Message]
) -> Message:
    """Blocks of question and answer, the last answer left to the model."""
    every = [*system, *question, *(turn for turns, _ in shown for turn in turns)]
    if any(turn.images or turn.tool_calls or turn.role == "tool" for turn in every):
        raise ConfigError(
            f"task {name!r}: a completion is one text, without images and tools; use form chat"
        )
    blocks = [turn.content.strip() for turn in system]
    blocks += [f"{_asking(turns)} {answer.strip()}" for turns, answer in shown]
    return Message(role="user", content="\n\n".join([*blocks, _asking(question)]))


def _asking(turns: Sequence[Message]) -> str:
    """The block of a question, up to where its answer begins."""
    text = "\n\n".join(turn.content for turn in turns).strip()
    opening = "" if text.startswith(QUESTION) else f"{QUESTION} "
    closing = "" if text.endswith(ANSWER) else f"\n{ANSWER}"
    return f"{opening}{text}{closing}"
