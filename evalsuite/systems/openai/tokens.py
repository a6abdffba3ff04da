"""Token counts made here, by the model's own tokenizer, where an endpoint gives none.

A count is exact or it is not made. Bytes divided by four are no count; a prompt of which it is not
known how the endpoint renders it (images, a chat without its template) stays uncounted.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from evalsuite.errors import CallRejected, ConfigError, ExtraMissing
from evalsuite.records import Request
from evalsuite.systems.openai.completions import prompt_of
from evalsuite.systems.openai.options import OpenAIOptions
from evalsuite.systems.openai.template import ChatTemplate, special_token, template_in
from evalsuite.systems.openai.wire import Reply

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_FILES = ("tokenizer_config.json", "chat_template.jinja")


class LocalTokens:
    """The tokenizer of a model that is served elsewhere."""

    def __init__(self, name: str) -> None:
        """``name`` is a folder with tokenizer.json, or a hub id.

        Raises ConfigError where it cannot be loaded, ExtraMissing without ``tokenizers``.
        """
        try:
            from tokenizers import Tokenizer
        except ImportError:
            raise ExtraMissing("tokenizers", "hf", "counting tokens (`tokenizer`)") from None
        folder = Path(name).expanduser()
        if not folder.is_dir():
            folder = _fetched(name)
        file = folder / "tokenizer.json"
        if not file.is_file():
            raise ConfigError(f"tokenizer {name!r}: there is no tokenizer.json in it")
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(file))
        self._template: ChatTemplate | None = template_in(folder)
        config_file = folder / "tokenizer_config.json"
        config = json.loads(config_file.read_text("utf-8")) if config_file.is_file() else {}
        self._begin_token = special_token(config.get("bos_token"))

    def input_tokens(self, spec: OpenAIOptions, request: Request) -> int | None:
        """Tokens of the prompt as the endpoint reads it; None where that is not known."""
        if any(turn.images for turn in request.messages):
            return None
        try:
            if spec.api == "completions":
                return self._count(prompt_of(spec, request), special=True)
            if self._template is None or request.output_schema is not None:
                return None
            return self._count(self._template.render(request, self._begin_token), special=False)
        except CallRejected:
            return None

    def output_tokens(self, reply: Reply) -> int | None:
        """Tokens of what was said and thought, without the end token.

        None where tools were called: how a call was written is not known.
        """
        if reply.tool_calls:
            return None
        said = (reply.reasoning or "", reply.text or "")
        return sum(self._count(text, special=False) for text in said if text)

    def _count(self, text: str, *, special: bool) -> int:
        return len(self._tokenizer.encode(text, add_special_tokens=special).ids)


def _fetched(name: str) -> Path:
    """The folder of the hub's tokenizer ``name`` in the local cache; ConfigError if impossible."""
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError
    except ImportError:
        raise ExtraMissing("huggingface-hub", "hub", "a tokenizer from the hub") from None
    try:
        folder = Path(hf_hub_download(name, "tokenizer.json")).parent
        for file in _FILES:
            try:
                hf_hub_download(name, file)
            except EntryNotFoundError:
                continue
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ConfigError(
            f"tokenizer {name!r} cannot be loaded ({reason}): give a local folder"
        ) from None
    return folder
