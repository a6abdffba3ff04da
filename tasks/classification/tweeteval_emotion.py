"""TweetEval emotion: the feeling in a tweet, one of four (Barbieri et al. 2020).

    #Deppression is real. Partners w/ #depressed people truly dont understand the depth in which
    they affect us. Add in #anxiety &amp;makes it worse
    -> sadness

Success: the right emotion; the official figure is ``macro_f1``. Test is the official split (1421);
250 and 50 of the first 300 training tweets are for training and validation.

    evalsuite run --task classification/tweeteval_emotion --system embedded/nano
"""

from __future__ import annotations

from evalsuite.library.classification import LabelQuestion
from evalsuite.library.tweeteval import tweeteval_task

TASK = tweeteval_task(
    "emotion",
    LabelQuestion(
        labels=("anger", "joy", "optimism", "sadness"),
        what="Tweet",
        asked="Which emotion does this tweet express above all?",
        noun="emotion",
    ),
    summary="The emotion of a tweet, of four",
    test_sha256="32a850ac114c1fd39e69360107376c926157f9f27bb4c66f8309698eb4bd6ee2",
    train_sha256="6af7d2c6c538cd2cd3ead987a30475fffe9a620ad8fd707caf14c3c7af4bb115",
    published={"BERTweet": 0.793, "RoBERTa-base": 0.761},
    reference="arXiv:2010.12421",
)
