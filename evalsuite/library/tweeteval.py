"""TweetEval's tasks: three data sets of one form, with the benchmark's own figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.classification import LabelQuestion, label_task, unseen
from evalsuite.records import Sample
from evalsuite.scoring.labels import accuracy, f1_of
from evalsuite.task import Published, Split, Task

TRAIN = 250
_SOURCE = "https://github.com/cardiffnlp/tweeteval"
_LEADERBOARD = f"{_SOURCE} README, leaderboard"


def tweeteval_task(
    subject: str,
    question: LabelQuestion,
    *,
    summary: str,
    test_sha256: str,
    train_sha256: str,
    published: dict[str, float],
    f1_label: str | None = None,
    reference: str,
) -> Task:
    """The task ``classification/tweeteval_SUBJECT``.

    Test is the official test split. Of the first 300 training tweets, which are the ones here, 250
    are for training and 50 for validation.

    Args:
        subject: Name of the data set within TweetEval.
        question: Labels and question.
        summary: A few words for lists.
        test_sha256: Of the unpacked test file; ``train_sha256``: of the training file.
        train_sha256: Of the first 300 training tweets.
        published: System -> its figure on the leaderboard, 0 to 1.
        f1_label: The label whose F1 is the official figure; None where that is ``macro_f1``.
        reference: The paper of the data set.
    """
    data = Dataset(
        name=f"tweeteval_{subject}",
        licence="TweetEval: no restriction of its own; originals and Twitter's rules apply",
        source=_SOURCE,
        files={
            "test": _file(f"{subject}_test", test_sha256),
            "practice": _file(f"{subject}_train_first300", train_sha256),
        },
    )

    def samples(split: Split) -> Iterator[Sample]:
        """Tweets in the order of the file."""
        for number, row in enumerate(_rows(data, split)):
            yield Sample(id=f"{split}-{number}", inputs={"text": row["text"]}, target=row["label"])

    figures = {"accuracy": accuracy}
    metric = "macro_f1"
    if f1_label is not None:
        metric = f"f1_{f1_label}"
        figures[metric] = partial(f1_of, f1_label)
    return label_task(
        question,
        name=f"classification/tweeteval_{subject}",
        family="classification",
        summary=summary,
        samples=samples,
        data=data,
        reference=reference,
        figures=figures,
        published=[
            Published(metric=metric, value=value, system=system, source=_LEADERBOARD)
            for system, value in published.items()
        ],
    )


def _rows(data: Dataset, split: Split) -> Iterable[Mapping[str, Any]]:
    """Rows of a split; validation leaves out a tweet that is also in training."""
    if split == "test":
        return data.rows("test")
    practice = list(data.rows("practice"))
    if split == "train":
        return practice[:TRAIN]
    return unseen(practice[TRAIN:], (row["text"] for row in practice[:TRAIN]))


def _file(name: str, sha256: str) -> DataFile:
    return DataFile(path=f"tasks/classification/tweeteval/{name}.jsonl", sha256=sha256)
