"""Language models whose next-token distribution is known by hand, behind the real ``Decoder``.

A character is a token. The logits depend on all that was read, by way of a state that is kept in
the cache, so a cache that is rolled back wrongly gives other logits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import torch

from evalsuite.records import Message, Request
from evalsuite.systems.decoding import Decoder

END = "!"
ALPHABET = "abcd" + END

Logits = Callable[[str], Sequence[float]]


class ToyCache:
    """What was read, one token an entry."""

    def __init__(self) -> None:
        self.read: list[int] = []

    def crop(self, tokens_to_remove: int) -> None:
        assert -len(self.read) <= tokens_to_remove < 0
        del self.read[tokens_to_remove:]


class StiffCache(ToyCache):
    """A cache that cannot take tokens back, as of a recurrent model."""

    def crop(self, tokens_to_remove: int) -> None:
        raise RuntimeError("recurrent states cannot be cropped")


class ToyModel(torch.nn.Module):
    """``logits`` says what follows a text."""

    def __init__(self, logits: Logits, context: int | None, cache: type[ToyCache]) -> None:
        super().__init__()
        self.config = SimpleNamespace(max_position_embeddings=context)
        self.generation_config = SimpleNamespace(eos_token_id=ALPHABET.index(END))
        self.device = torch.device("cpu")
        self._logits = logits
        self._cache = cache

    def forward(
        self,
        input_ids: Any,
        attention_mask: Any,
        past_key_values: Any = None,
        use_cache: bool = True,
    ) -> Any:
        assert input_ids.shape[0] == 1
        cache = past_key_values or self._cache()
        rows = []
        for token in input_ids[0].tolist():
            cache.read.append(token)
            rows.append(list(self._logits("".join(ALPHABET[i] for i in cache.read))))
        assert attention_mask.shape[1] == len(cache.read), "the mask covers what was read"
        if self.config.max_position_embeddings is not None:
            assert len(cache.read) <= self.config.max_position_embeddings
        return SimpleNamespace(logits=torch.tensor([rows]), past_key_values=cache)


class ToyTokenizer:
    """A character of its alphabet is a token, any other is nothing; it has no chat template."""

    chat_template = None
    eos_token_id = ALPHABET.index(END)

    def __init__(self, alphabet: str = ALPHABET) -> None:
        self._alphabet = alphabet

    def __call__(self, text: str) -> dict[str, list[int]]:
        return {
            "input_ids": [
                self._alphabet.index(letter) for letter in text if letter in self._alphabet
            ]
        }

    def decode(self, tokens: Sequence[int], **options: Any) -> str:
        return "".join(self._alphabet[t] for t in tokens if t != self.eos_token_id)

    def get_vocab(self) -> dict[str, int]:
        return {letter: index for index, letter in enumerate(self._alphabet)}


def toy(
    logits: Logits,
    *,
    context: int | None = None,
    alphabet: str = ALPHABET,
    cache: type[ToyCache] = ToyCache,
) -> Decoder:
    """A decoder that continues a text by ``logits``, one row for each letter of ALPHABET."""
    return Decoder(ToyModel(logits, context, cache), ToyTokenizer(alphabet))


def by_table(
    seed: int, *, scale: float = 1.5, states: int = 7, width: int = len(ALPHABET)
) -> Logits:
    """Random logits for each of ``states`` states, a hash of the whole text."""
    table = torch.randn(
        (states, width), generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )

    def logits(text: str) -> list[float]:
        state = 0
        for letter in text:
            state = (3 * state + ALPHABET.index(letter) + 1) % states
        row: list[float] = (scale * table[state]).tolist()
        return row

    return logits


def asked(text: str, **options: Any) -> Request:
    """A request of one turn."""
    options = {"max_output_tokens": 12, **options}
    turn = Message(role="user", content=text)
    return Request(task="t", sample_id=text, inputs={}, messages=(turn,), **options)
