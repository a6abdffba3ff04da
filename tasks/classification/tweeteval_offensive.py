"""TweetEval offensive: whether a tweet is offensive (OLID; Barbieri et al. 2020).

    @user Eight years the republicans denied obama’s picks. Breitbarters outrage is as phony as
    their fake president.
    -> offensive

Success: the right label; the official figure is ``macro_f1``. Test is the official split (860; 11
tweets are in it more than once); 250 and 50 of the first 300 training tweets are for training and
validation.

    evalsuite run --task classification/tweeteval_offensive --system embedded/nano
"""

from __future__ import annotations

from evalsuite.library.classification import LabelQuestion
from evalsuite.library.tweeteval import tweeteval_task

TASK = tweeteval_task(
    "offensive",
    LabelQuestion(
        labels=("not-offensive", "offensive"),
        what="Tweet",
        asked="Is this tweet offensive?",
        noun="label",
    ),
    summary="Whether a tweet is offensive",
    test_sha256="1d0d98f6b0e423fe421ab686d28559e7faf2de310fb7cf59bfce6ebe14a9d918",
    train_sha256="3a70f21be0d3f190242d006b34e1af45f93b20fe5533333e6fedb88b4419458b",
    published={"BERTweet": 0.795, "RoBERTa-base": 0.795},
    reference="arXiv:2010.12421",
)
