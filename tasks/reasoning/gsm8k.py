"""GSM8K: grade-school word problems written by people (Cobbe et al. 2021, arXiv:2110.14168).

    Janet's ducks lay 16 eggs per day. She eats three for breakfast every morning and bakes
    muffins for her friends every day with four. She sells the remainder at the farmers' market
    daily for $2 per fresh duck egg. How much in dollars does she make every day at the farmers'
    market?
    -> ... #### 18

Success: the final number is right. Test is the official test split (1319); train and validation
are the first 500 and the next 100 problems of the official training split.

    evalsuite run --task reasoning/gsm8k --system embedded/nano
"""

from __future__ import annotations

from evalsuite.library.reasoning import GSM8K, gsm8k_samples, number_task
from evalsuite.task import Published

_OPENAI = "github.com/openai/grade-school-math, example_model_solutions.jsonl"
_ROUTELLM = "github.com/lm-sys/RouteLLM, routellm/evals/gsm8k/gsm8k_responses.csv"
_BY_LAST_INTEGER = "by the last integer, which reads $20.00 as 0; {} here"

TASK = number_task(
    name="reasoning/gsm8k",
    summary="Grade-school word problems",
    data=(GSM8K,),
    samples=gsm8k_samples,
    reference="arXiv:2110.14168",
    version=2,
    published=(
        Published(
            metric="number_match", value=0.2168, system="GPT-3 6B finetuned", source=_OPENAI, n=1319
        ),
        Published(
            metric="number_match", value=0.3904, system="GPT-3 6B verifier", source=_OPENAI, n=1319
        ),
        Published(
            metric="number_match",
            value=0.3472,
            system="GPT-3 175B finetuned",
            source=_OPENAI,
            n=1319,
        ),
        Published(
            metric="number_match",
            value=0.5625,
            system="GPT-3 175B verifier",
            source=_OPENAI,
            n=1319,
        ),
        Published(
            metric="number_match",
            value=0.843,
            system="ToRA-70B v1.0",
            source="github.com/microsoft/ToRA, outputs/llm-agents/tora-70b-v1.0/gsm8k",
            n=1319,
        ),
        Published(
            metric="number_match",
            value=0.716,
            system="code-davinci-002, programs of thought",
            source="github.com/TIGER-AI-Lab/Program-of-Thoughts, README.md",
            n=1318,
            note="rounds to one decimal, so that 1.98 is 2; 0.7147 here",
        ),
        Published(
            metric="number_match",
            value=0.8567,
            system="gpt-4-1106-preview",
            source=_ROUTELLM,
            n=1319,
            note=_BY_LAST_INTEGER.format("0.8878"),
        ),
        Published(
            metric="number_match",
            value=0.6384,
            system="Mixtral-8x7B-Instruct-v0.1",
            source=_ROUTELLM,
            n=1319,
            note=_BY_LAST_INTEGER.format("0.6391"),
        ),
    ),
)
