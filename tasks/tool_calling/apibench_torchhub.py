"""APIBench, TorchHub: the API call for a job in words (Patil et al. 2023, arXiv:2305.15334).

    What is an API that can be used to classify sports activities in videos?
    -> api_call: torch.hub.load(repo_or_dir='facebookresearch/pytorchvideo', model='slow_r50',
       pretrained=True)

Success: the call is one of the 94 that TorchHub has and is for the domain of the right one; a call
that does not exist is ``hallucinated``. 186 questions, all of them in the test split.

    evalsuite run --task tool_calling/apibench_torchhub --system embedded/nano
"""

from __future__ import annotations

from evalsuite.library.tools import apibench
from evalsuite.task import Task, Variant

TASK = Task(
    name="tool_calling/apibench_torchhub",
    family="tool_calling",
    summary="The TorchHub call for a job in words",
    samples=apibench.samples,
    prompt=apibench.prompt,
    score=apibench.score,
    success="api_match",
    shot=lambda sample: f"api_call: {sample.target['call']}",
    variants={
        "gorilla": Variant(prompt=apibench.short_prompt),
        "bare": Variant(prompt=lambda sample: str(sample.inputs["question"])),
    },
    data=(apibench.DATA,),
    source=apibench.DATA.source,
    licence=apibench.DATA.licence,
    reference="arXiv:2305.15334",
)
