"""HotpotQA: questions over two of ten Wikipedia paragraphs (Yang et al. 2018, arXiv:1809.09600).

    What is the nationality of the foreign born victim of Singapore's caning punishment before
    Oliver Fricker experienced the same?
    -> American

Success: an exact match after the official normalisation. The paragraphs are in the prompt and in
``inputs["passages"]``; the variant closed_book leaves them out of the prompt, support asks for the
titles too. 250 questions of the distractor setting, all of them in the test split.

    evalsuite run --task multihop_qa/hotpotqa@closed_book --system embedded/nano
"""

from __future__ import annotations

from evalsuite.library.multihop import collab_rag, multihop_task
from evalsuite.task import Published

_SOURCE = "Reflexion's logs (github.com/noahshinn/reflexion, hotpotqa_runs/root/CoT, trial 1)"
_NOTE = "100 questions of another sample; the model is not named in the logs"

TASK = multihop_task(
    name="multihop_qa/hotpotqa",
    summary="Questions over two of ten Wikipedia paragraphs",
    data=collab_rag(
        "hotpotqa",
        "CC-BY-SA-4.0",
        "bcb3962d2f98cdd1781cab09619e3b0c1f16225ba23e149984b958416a0f76b2",
    ),
    published=(
        Published(
            metric="exact_match",
            value=0.32,
            system="chain of thought without passages",
            source=_SOURCE,
            n=100,
            note=_NOTE,
        ),
        Published(
            metric="exact_match",
            value=0.62,
            system="chain of thought with the right passages",
            source=_SOURCE,
            n=100,
            note=_NOTE,
        ),
    ),
    reference="arXiv:1809.09600",
)
