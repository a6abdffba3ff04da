"""Build the tokenizer that all embedded models share.

Byte-level BPE with a vocabulary of 1024 and digits kept apart, learnt from the
training split only. Small on purpose: with 0.1 to 0.4 million parameters a large
vocabulary would be most of the model, and whole-word tokens for names would teach
nothing about copying names never seen.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from evalsuite.embedded.mixture import mixture

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

__all__ = ["ASSISTANT", "CHAT_TEMPLATE", "END", "PAD", "USER", "build"]

PAD, END, USER, ASSISTANT = "<|pad|>", "<|end|>", "<|user|>", "<|assistant|>"

# A system message is put in front of the next user turn: there is no token for it.
CHAT_TEMPLATE = """\
{%- set ns = namespace(system='') -%}
{%- for message in messages -%}
{%- set content = message['content'] -%}
{%- if content is not string -%}
{%- set content = content | map(attribute='text') | join(' ') -%}
{%- endif -%}
{%- if message['role'] == 'system' -%}
{%- set ns.system = ns.system + content + ' ' -%}
{%- elif message['role'] == 'assistant' -%}
{{- '<|assistant|>' + content + '<|end|>' -}}
{%- else -%}
{{- '<|user|>' + ns.system + content -}}
{%- set ns.system = '' -%}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '<|assistant|>' -}}
{%- endif -%}
"""

_VOCABULARY = 1024
_CONTEXT = 512


def build(*, seed: int = 7, sample: int = 20_000) -> PreTrainedTokenizerFast:
    """Learn the tokenizer from a sample of the training split.

    Args:
        seed: Seed of the stream it is learnt from.
        sample: How many items to learn from.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY,
        special_tokens=[PAD, END, USER, ASSISTANT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    learnt_from = itertools.islice(mixture("train", seed=seed), sample)
    texts = (text for item in learnt_from for text in (item.prompt, item.answer))
    core.train_from_iterator(texts, trainer)
    wrapped = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=core,
        eos_token=END,
        pad_token=PAD,
        model_max_length=_CONTEXT,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
    wrapped.chat_template = CHAT_TEMPLATE
    return wrapped
