"""MMLU-Redux 2.0: MMLU questions that people checked (Gema et al. 2024, arXiv:2406.04127)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.reasoning import interleaved
from evalsuite.records import Sample, fingerprint
from evalsuite.scoring.options import LETTERS

DATA = Dataset(
    name="mmlu_redux",
    licence="CC-BY-4.0",
    source="https://github.com/aryopg/mmlu-redux",
    files={
        "test": DataFile(
            path="tasks/reasoning/mmlu_redux/mmlu_redux.jsonl",
            sha256="339f1f5c55f2696de18d4a4b23bb91a80e8461337dfd3270832a335014f32321",
        )
    },
)

# As grouped by MMLU's authors, in categories.py of github.com/hendrycks/test.
_CATEGORIES = {
    "stem": "abstract_algebra astronomy college_biology college_chemistry college_computer_science "
    "college_mathematics college_physics computer_security conceptual_physics "
    "electrical_engineering elementary_mathematics high_school_biology high_school_chemistry "
    "high_school_computer_science high_school_mathematics high_school_physics "
    "high_school_statistics machine_learning",
    "humanities": "formal_logic high_school_european_history high_school_us_history "
    "high_school_world_history international_law jurisprudence logical_fallacies moral_disputes "
    "moral_scenarios philosophy prehistory professional_law world_religions",
    "social sciences": "econometrics high_school_geography high_school_government_and_politics "
    "high_school_macroeconomics high_school_microeconomics high_school_psychology human_sexuality "
    "professional_psychology public_relations security_studies sociology us_foreign_policy",
    "other": "anatomy business_ethics clinical_knowledge college_medicine global_facts human_aging "
    "management marketing medical_genetics miscellaneous nutrition professional_accounting "
    "professional_medicine virology",
}
CATEGORY = {
    subject: category for category, subjects in _CATEGORIES.items() for subject in subjects.split()
}
"""Subject -> one of four categories."""


def mmlu_samples(*, corrected: bool) -> Iterator[Sample]:
    """Questions with a letter as target, one of each subject in turn.

    Annotations are put into one spelling: ``ok``, ``wrong_groundtruth``, ``no_correct_answer``,
    ``multiple_correct_answers``, ``bad_question_clarity``, ``bad_options_clarity``, ``expert``.

    Args:
        corrected: Only questions that have one right answer, which is the target: those that are
            ok, and those whose wrong key the annotators replaced by another letter. Else all
            questions, with the key that MMLU has.
    """
    rows = (row for row in DATA.rows("test") if not corrected or _right_key(row) is not None)
    for row in interleaved(rows, lambda row: row["subject"]):
        key = _right_key(row) if corrected else int(row["answer"])
        assert key is not None
        yield Sample(
            id=f"{row['subject']}-{row['idx']}",
            inputs={"question": row["question"], "options": row["choices"]},
            target=LETTERS[key],
            metadata={
                "subject": row["subject"],
                "category": CATEGORY[row["subject"]],
                "annotation": _annotation(row),
            },
            # 32 questions stand in two subjects, or twice in one.
            cluster=fingerprint([row["question"], row["choices"]]),
        )


def _annotation(row: dict[str, Any]) -> str:
    return str(row["error_type"]).strip().lower().replace(" ", "_")


def _right_key(row: dict[str, Any]) -> int | None:
    """Index of the right option; None where there is none, several, or nobody can say."""
    key = int(row["answer"])
    if _annotation(row) == "ok":
        return key
    said = str(row["correct_answer"]).strip()
    if _annotation(row) != "wrong_groundtruth" or len(said) != 1 or said not in "0123ABCD":
        return None
    other = int(said) if said.isdigit() else LETTERS.index(said)
    return other if other != key else None
