"""CrossNER, artificial intelligence: 14 types, 100 sentences to learn from (arXiv:2012.04373).

    Typical generative model approaches include naive Bayes classifier s , Gaussian mixture model
    s , variational autoencoders and others .
    -> algorithm: naive Bayes classifier; algorithm: Gaussian mixture model;
       algorithm: variational autoencoders

Success: exactly the right entities with their types, and no others; the field's figure, strict
micro F1, is among the corpus metrics. Train (100) and test (431) are the official ones; there is
no validation split.

    evalsuite run --task ner/crossner_ai --system embedded/nano
"""

from __future__ import annotations

from evalsuite.library.ner import crossner_task

LABELS = (
    "algorithm",
    "conference",
    "country",
    "field",
    "location",
    "metrics",
    "misc",
    "organisation",
    "person",
    "product",
    "programlang",
    "researcher",
    "task",
    "university",
)
TASK = crossner_task(
    "ai",
    field="artificial intelligence",
    labels=LABELS,
    sha256={
        "train": "484217a660f52927bd5157507c22fc103b36306364329f62f80fc8acb897b187",
        "test": "7595ad386e0a98067100fe47f86811b38867a236011fee97cfaa90f778c37bcf",
    },
)
