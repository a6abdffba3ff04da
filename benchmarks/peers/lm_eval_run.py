"""lm-eval: ``local-chat-completions`` on a task of its YAML kind; samples stay in memory."""

from __future__ import annotations

import os
from pathlib import Path

os.environ |= {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "OPENAI_API_KEY": "none",
    "TOKENIZERS_PARALLELISM": "false",
}

from lm_eval import simple_evaluate
from lm_eval.tasks import TaskManager
from measuring import Ask, Given, questions_of, report

TASK = """\
task: sums
dataset_path: json
dataset_kwargs:
  data_files: {{test: "{data}"}}
  cache_dir: "{cache}"
test_split: test
output_type: generate_until
doc_to_text: "{{{{question}}}}"
doc_to_target: "{{{{answer}}}}"
generation_kwargs:
  until: []
  do_sample: false
  max_gen_toks: 64
filter_list:
  - name: number
    filter:
      - function: regex
        regex_pattern: '#### (-?[0-9]+)'
      - function: take_first
metric_list:
  - metric: exact_match
    aggregation: mean
    higher_is_better: true
"""


def begin(given: Given) -> Ask:
    """A task file for each file of questions; bootstrapping is off."""

    def ask(path: Path) -> tuple[int, int]:
        folder = given.work / path.stem
        folder.mkdir(exist_ok=True)
        cache = given.work / "datasets"
        (folder / "sums.yaml").write_text(TASK.format(data=path, cache=cache), encoding="utf-8")
        found = simple_evaluate(
            model="local-chat-completions",
            model_args={
                "model": "stub",
                "base_url": f"{given.base_url}/chat/completions",
                "num_concurrent": given.concurrency,
                "tokenizer_backend": None,
            },
            tasks=["sums"],
            task_manager=TaskManager(include_path=str(folder), include_defaults=False),
            apply_chat_template=True,
            bootstrap_iters=0,
            verbosity="ERROR",
        )
        n = len(found["samples"]["sums"])
        assert n == len(questions_of(path))
        return n, round(n * found["results"]["sums"]["exact_match,number"])

    return ask


if __name__ == "__main__":
    report(begin)
