"""HumanEval-X: HumanEval's problems in five more languages (Zheng et al. 2023, arXiv:2303.17568).

What a candidate may do to its verdict, and what the trusted side keeps to itself, is in
:mod:`~evalsuite.scoring.humaneval_x.grading`.
"""

from __future__ import annotations

from evalsuite.scoring.humaneval_x.grading import score
from evalsuite.scoring.humaneval_x.problems import prompt, ready, samples

__all__ = ["prompt", "ready", "samples", "score"]
