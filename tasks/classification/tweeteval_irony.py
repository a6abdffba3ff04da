"""TweetEval irony: whether a tweet means what it says (Barbieri et al. 2020).

    seeing ppl walking w/ crutches makes me really excited for the next 3 weeks of my life
    -> irony

Success: the right label; the official figure is the F1 of the irony class, ``f1_irony``. Test is
the official split (784); 250 and 50 of the first 300 training tweets are for training and
validation.

    evalsuite run --task classification/tweeteval_irony --system embedded/nano
"""

from __future__ import annotations

from evalsuite.library.classification import LabelQuestion
from evalsuite.library.tweeteval import tweeteval_task

TASK = tweeteval_task(
    "irony",
    LabelQuestion(
        labels=("irony", "non_irony"),
        what="Tweet",
        asked="Is this tweet ironic?",
        noun="label",
    ),
    summary="Whether a tweet is ironic",
    test_sha256="0408cac296c7b7d48078be28908d0d3fdbf0b96a5756072422d9c3ab4056439f",
    train_sha256="832228c240e2b03b49feac54fd1a91c6dda4a19d9c9dd03c6b6da8b981e037b2",
    published={"BERTweet": 0.821, "RoBERTa-base": 0.597},
    f1_label="irony",
    reference="arXiv:2010.12421",
)
