"""Test questions that were seen elsewhere: in another split, or in a text that a model learnt."""

from __future__ import annotations

from evalsuite.contamination.across import SharedQuestions, first_samples, shared_questions
from evalsuite.contamination.corpus import Piece, file_pieces, sample_pieces, texts_of
from evalsuite.contamination.ngrams import Overlap, SampleOverlap, ngram_overlap
from evalsuite.contamination.numbers import number_overlap
from evalsuite.contamination.splits import TaskCheck, check_task

__all__ = [
    "Overlap",
    "Piece",
    "SampleOverlap",
    "SharedQuestions",
    "TaskCheck",
    "check_task",
    "file_pieces",
    "first_samples",
    "ngram_overlap",
    "number_overlap",
    "sample_pieces",
    "shared_questions",
    "texts_of",
]
