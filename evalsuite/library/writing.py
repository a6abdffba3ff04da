"""Creative writing: what a program can say of it. Whether a text is good is for judges and people.

Stories on open prompts are looked at for form (long enough, ended, not going round in circles) and
for style. Prompts with stated constraints are looked at for those; the project's own are in
``tasks/writing/prompts.jsonl``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalsuite.datasets import Dataset, read_rows
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.answer_text import without_reasoning
from evalsuite.scoring.constraints import score_constraints
from evalsuite.scoring.diversity import diversity_metrics
from evalsuite.scoring.lexical import mattr, mtld
from evalsuite.scoring.novelty import score_copying
from evalsuite.scoring.readability import score_readability
from evalsuite.scoring.story import score_style
from evalsuite.task import Split, Task, Variant

MOST_REPETITION = 0.1
_AFTERWARDS = "Write only the text itself: no title, no comment. Finish your last sentence."


@dataclass(frozen=True, kw_only=True)
class StoryForm:
    """When a text is ``well_formed``.

    Attributes:
        least_words: Fewer words are too few.
        must_end: Whether the last sentence must end.
        most_repetition: Largest share of 4-grams of words that stood in the text before.
    """

    least_words: int
    must_end: bool = True
    most_repetition: float = MOST_REPETITION


def score_story(answer: Answer, prompt: str, form: StoryForm) -> list[Score]:
    """``well_formed``, the figures that it is made of, and those of :func:`more_style`.

    The explanation says what a text that is not well-formed lacks. What a model thought aloud in
    tags is no part of the story.
    """
    answer = Answer(text=without_reasoning(answer.text or "").strip())
    style = score_style(answer)
    figures = {figure.name: figure.value or 0.0 for figure in style}
    # A text too short for a 4-gram has no share of repeated ones, and repeats nothing.
    repetition = figures.get("repetition_share", 0.0)
    lacks = []
    if figures["words"] < form.least_words:
        lacks.append(f"{figures['words']:.0f} words, fewer than {form.least_words}")
    if form.must_end and figures["ends_properly"] != 1:
        lacks.append("the last sentence does not end")
    if repetition > form.most_repetition:
        lacks.append(f"{repetition:.0%} of the 4-grams stood before")
    return [
        Score(name="well_formed", value=float(not lacks), explanation="; ".join(lacks)),
        *style,
        *more_style(answer, prompt),
    ]


def more_style(answer: Answer, prompt: str) -> list[Score]:
    """``mattr_50``, ``mtld``, readability, and what was copied from the prompt.

    A figure that a text is too short for has no value and is left out.
    """
    text = answer.text or ""
    figures = {"mattr_50": mattr(text, 50), "mtld": mtld(text)}
    return [
        *(Score(name=name, value=value) for name, value in figures.items() if value is not None),
        *score_readability(answer),
        *score_copying(answer, prompt),
    ]


def story_task(
    *,
    name: str,
    summary: str,
    samples: Callable[[Split], Iterable[Sample]],
    asks: str,
    data: Dataset,
    form: StoryForm,
    reference: str,
    max_output_tokens: int = 1024,
    temperature: float = 0.0,
    version: int = 1,
) -> Task:
    """A task of stories on prompts, scored for form.

    Args:
        name: Of the task.
        summary: A few words.
        samples: Of a split; ``inputs["prompt"]`` is what the story is on.
        asks: The question, with ``{prompt}`` in it.
        data: Where the prompts come from.
        form: When a story is well-formed.
        reference: The paper.
        max_output_tokens: Longest story.
        temperature: 0 is greedy, and its repeats are alike.
        version: Of the scoring.
    """

    def prompt(sample: Sample) -> str:
        return asks.replace("{prompt}", sample.inputs["prompt"])

    def alone(sample: Sample) -> str:
        return f"{prompt(sample)}\n\n{_AFTERWARDS}"

    def bare(sample: Sample) -> str:
        return str(sample.inputs["prompt"])

    return Task(
        name=name,
        family="writing",
        summary=summary,
        samples=samples,
        prompt=prompt,
        score=lambda sample, answer: score_story(answer, sample.inputs["prompt"], form),
        success="well_formed",
        corpus=diversity_metrics(),
        max_output_tokens=max_output_tokens,
        variants={"text_alone": Variant(prompt=alone), "bare": Variant(prompt=bare)},
        data=(data,),
        temperature=temperature,
        source=data.source,
        licence=data.licence,
        reference=reference,
        version=version,
    )


def constraint_samples(path: Path, split: Split) -> Iterator[Sample]:
    """Prompts of a file whose rows have ``id``, ``split``, ``form``, ``prompt``, ``constraints``.

    ``answer`` is one that keeps all constraints; it is in the metadata.
    """
    for row in read_rows(path):
        if row["split"] == split:
            yield Sample(
                id=row["id"],
                inputs={"prompt": row["prompt"]},
                target=row["constraints"],
                metadata={"form": row["form"], "answer": row["answer"]},
            )


def constraint_prompt(sample: Sample) -> str:
    """The prompt, and that nothing but the text is wanted."""
    return f"{sample.inputs['prompt']}\n\n{_AFTERWARDS}"


def constraint_variants() -> Mapping[str, Variant]:
    """The prompt alone; and constraints before the task, for models that forget the end."""

    def bare(sample: Sample) -> str:
        return str(sample.inputs["prompt"])

    def first(sample: Sample) -> str:
        return f"{_AFTERWARDS} Keep to every constraint.\n\n{sample.inputs['prompt']}"

    return {"bare": Variant(prompt=bare), "rules_first": Variant(prompt=first)}


def score_prompt(sample: Sample, answer: Answer) -> Sequence[Score]:
    """The scores of :func:`evalsuite.scoring.constraints.score_constraints`, and of style."""
    answer = Answer(text=without_reasoning(answer.text or "").strip())
    target: Mapping[str, Any] = sample.target
    style = [figure for figure in score_style(answer) if figure.name != "ends_properly"]
    return [
        *score_constraints(answer, target),
        *style,
        *score_copying(answer, sample.inputs["prompt"]),
    ]
