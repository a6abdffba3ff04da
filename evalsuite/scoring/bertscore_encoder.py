"""The encoder behind BERTScore: texts to tokens, tokens to one unit vector a token.

Tokenizer, truncation, model and layer are bert-score's own; its traps are mended here: a tokenizer
that names no longest text, one without a padding token, a model folder without a tuned layer.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evalsuite.errors import ConfigError, ExtraMissing

Vectors = npt.NDArray[np.float32]
_NO_LIMIT = 1_000_000  # tokenizers that know no longest text say 10**30


@dataclass(frozen=True)
class Tokens:
    """The tokens of a text, special ones included. ``truncated``: the model's window cut it."""

    ids: tuple[int, ...]
    truncated: bool


class Encoder:
    """A loaded encoder.

    name: as it was asked for.
    num_layers: the layer whose outputs are the vectors.
    weightless: ids of the tokens that count nothing without idf ([CLS] and [SEP]).
    """

    def __init__(self, name: str, num_layers: int | None, device: str) -> None:
        """Load it.

        Raises:
            ExtraMissing: If bert-score is not installed.
            ConfigError: If there is no such encoder, or no such layer in it.
        """
        try:
            from bert_score import utils
        except ImportError:
            raise ExtraMissing("bert-score", "bertscore", "BERTScore") from None
        import transformers

        logging: Any = transformers.utils.logging
        logging.disable_progress_bar()
        self.name = name
        self._utils = utils
        self._device = device
        try:
            self.num_layers = _layer(name) if num_layers is None else num_layers
            self._tokenizer = utils.get_tokenizer(name)
            self._model = utils.get_model(name, self.num_layers).to(device)
        except (OSError, ValueError, AssertionError, AttributeError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise ConfigError(
                f"BERTScore: encoder {name!r} cannot be loaded ({reason}); "
                "give a model folder, or a hub id and a network"
            ) from None
        self._most_tokens = _window(self._tokenizer, self._model)
        self._tokenizer.model_max_length = self._most_tokens
        self._bare = len(utils.sent_encode(self._tokenizer, "a")) - len(
            self._tokenizer("a", add_special_tokens=False)["input_ids"]
        )
        self.weightless = frozenset(
            {self._tokenizer.cls_token_id, self._tokenizer.sep_token_id} - {None}
        )

    @functools.cached_property
    def signature(self) -> str:
        """What vectors depend on: weights (a folder's by hash), layer, window, versions."""
        import transformers

        folder = Path(self.name)
        commit = getattr(self._model.config, "_commit_hash", None)
        return "|".join(
            (
                f"{folder.name}#{_content(folder)}" if folder.is_dir() else self.name,
                f"commit:{commit or 'none'}",
                f"layer:{self.num_layers}",
                f"window:{self._most_tokens}",
                f"bert-score:{metadata.version('bert-score')}",
                f"transformers:{transformers.__version__}",
            )
        )

    def tokens(self, text: str) -> Tokens | None:
        """The tokens of ``text``; None where it has none of its own, as an empty text."""
        if not text.strip():
            return None
        ids = tuple(self._utils.sent_encode(self._tokenizer, text))
        if len(ids) <= self._bare:
            return None
        truncated = len(ids) >= self._most_tokens and self._length(text) > len(ids)
        return Tokens(ids, truncated)

    def embed(self, batch: Sequence[Tokens]) -> list[Vectors]:
        """Unit vectors [tokens, dimensions] of each text of one batch, on the CPU."""
        import torch

        pad = self._tokenizer.pad_token_id
        padded, lengths, mask = self._utils.padding(
            [tokens.ids for tokens in batch], 0 if pad is None else pad
        )
        outputs = self._utils.bert_encode(
            self._model, padded.to(self._device), attention_mask=mask.to(self._device)
        )
        outputs = outputs.float()
        outputs.div_(torch.norm(outputs, dim=-1).unsqueeze(-1))
        vectors = outputs.cpu().numpy()
        return [vectors[at, : int(n)].copy() for at, n in enumerate(lengths)]

    def _length(self, text: str) -> int:
        return len(self._tokenizer(text.strip(), truncation=False, verbose=False)["input_ids"])


def _content(folder: Path) -> str:
    """SHA-256 (16 hex digits) over the names and bytes of what is loaded from ``folder``."""
    digest = hashlib.sha256()
    suffixes = (".safetensors", ".bin", ".json", ".model", ".txt")
    for path in sorted(p for p in folder.iterdir() if p.suffix in suffixes and p.is_file()):
        digest.update(path.name.encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def _layer(name: str) -> int:
    """bert-score's tuned layer of an encoder that it knows by name; else the last one."""
    from bert_score.utils import model2layers

    if name in model2layers:
        return int(model2layers[name])
    from transformers import AutoConfig

    return int(AutoConfig.from_pretrained(name).num_hidden_layers)


def _window(tokenizer: Any, model: Any) -> int:
    """Most tokens of a text: the tokenizer's word, capped to the positions that the model has."""
    stated = int(tokenizer.model_max_length)
    positions = getattr(model.config, "max_position_embeddings", None)
    if positions is None or positions <= 0:
        return min(stated, _NO_LIMIT)
    table = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    offset = getattr(table, "padding_idx", None)
    # RoBERTa's positions begin after that of padding.
    return min(stated, int(positions) - (0 if offset is None else int(offset) + 1))
