"""64 prompts of the project's own, each with constraints that a program checks.

    Write a story of exactly three sentences about a lighthouse keeper. Use the words storm, letter
    and candle.
    -> The storm had taken the mast of the supply boat, and no letter came that month. Old Brandt
       lit a candle beside the great lamp and read last year's letters aloud to the gulls. In the
       morning a bottle lay on the rocks with his name on it.

Eight of each form: micro-story, persona, dialogue, poem, rewriting, headline, pattern, opening.
Every prompt has an answer of ours that keeps its constraints. Success: all constraints are kept.
That is not to say that the text is good. Eight more prompts, one of each form, are the train
split, for few-shot examples.

    evalsuite run --task writing/prompts --system embedded/nano
"""

from __future__ import annotations

from pathlib import Path

from evalsuite.library.writing import (
    constraint_prompt,
    constraint_samples,
    constraint_variants,
    score_prompt,
)
from evalsuite.scoring.diversity import diversity_metrics
from evalsuite.task import Task

PROMPTS = Path(__file__).with_name("prompts.jsonl")

TASK = Task(
    name="writing/prompts",
    family="writing",
    summary="Short forms under checkable constraints",
    samples=lambda split: constraint_samples(PROMPTS, split),
    prompt=constraint_prompt,
    score=score_prompt,
    success="all_constraints",
    corpus=diversity_metrics(),
    max_output_tokens=256,
    shot=lambda sample: str(sample.metadata["answer"]),
    variants=constraint_variants(),
    source="written for evalsuite",
    licence="Apache-2.0",
)
