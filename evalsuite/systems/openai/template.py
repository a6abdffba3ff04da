"""Prompts for endpoints that take text: messages joined plainly, or by a chat template."""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalsuite.errors import CallRejected, ConfigError
from evalsuite.records import Request
from evalsuite.systems.openai.chat import tool_json

if TYPE_CHECKING:
    import jinja2


class ChatTemplate:
    """A tokenizer's chat template. ``content_hash`` is of its source.

    The begin-of-text token is left out: the endpoint writes it itself when it reads a prompt.
    """

    def __init__(self, source: str, end_token: str, name: str) -> None:
        """``name`` is what messages call it. ConfigError where ``source`` is no template."""
        import jinja2
        from jinja2.ext import loopcontrols
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols]
        )
        environment.globals["raise_exception"] = _raise
        environment.filters["tojson"] = _tojson
        try:
            self._template: jinja2.Template = environment.from_string(source)
        except jinja2.TemplateSyntaxError as error:
            raise ConfigError(f"chat_template {name}: {error}") from None
        self._end_token = end_token
        self.content_hash = hashlib.sha256(source.encode()).hexdigest()[:16]

    def render(self, request: Request, begin_token: str = "") -> str:
        """The prompt, up to where the assistant's turn begins. CallRejected where it refuses."""
        import jinja2

        try:
            return self._template.render(
                messages=[_turn(request, index) for index in range(len(request.messages))],
                tools=[tool_json(tool) for tool in request.tools] or None,
                add_generation_prompt=True,
                bos_token=begin_token,
                eos_token=self._end_token,
            )
        except (jinja2.TemplateError, TypeError) as error:
            message = f"the chat template refuses these messages: {error}"
            raise CallRejected(message, kind="bad_request", billed=False) from None


@functools.lru_cache(maxsize=32)
def load_template(name: str) -> ChatTemplate:
    """The template in ``name``: a Jinja file, or a folder with a tokenizer's configuration.

    Raises ConfigError where there is none.
    """
    path = Path(name).expanduser()
    if path.is_file():
        return ChatTemplate(path.read_text(encoding="utf-8"), "", name)
    if not path.is_dir():
        raise ConfigError(f"chat_template {name!r}: there is no such file or folder")
    template = template_in(path)
    if template is None:
        raise ConfigError(
            f"chat_template {name!r}: neither chat_template.jinja nor one in tokenizer_config.json"
        )
    return template


def template_in(folder: Path) -> ChatTemplate | None:
    """The chat template of the tokenizer in ``folder``; None where it has none."""
    config_file, file = folder / "tokenizer_config.json", folder / "chat_template.jinja"
    config: dict[str, Any] = {}
    if config_file.is_file():
        config = json.loads(config_file.read_text(encoding="utf-8"))
    source = file.read_text(encoding="utf-8") if file.is_file() else config.get("chat_template")
    if isinstance(source, list):  # several, by name
        named = {one.get("name"): one.get("template") for one in source}
        source = named.get("default")
    if not isinstance(source, str):
        return None
    return ChatTemplate(source, special_token(config.get("eos_token")), str(folder))


def special_token(value: Any) -> str:
    """The text of a special token in a tokenizer's configuration; "" where there is none."""
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) else ""


def plain_prompt(request: Request) -> str:
    """The contents of the messages, joined by blank lines."""
    return "\n\n".join(turn.content for turn in request.messages)


def _turn(request: Request, index: int) -> dict[str, Any]:
    turn = request.messages[index]
    message: dict[str, Any] = {"role": turn.role, "content": turn.content}
    if turn.tool_calls:
        message["tool_calls"] = [
            {"type": "function", "function": {"name": call.name, "arguments": _object(call)}}
            for call in turn.tool_calls
        ]
    if turn.tool_call_id is not None:
        message["tool_call_id"] = turn.tool_call_id
    return message


def _object(call: Any) -> Any:
    """Arguments as templates expect them: an object; the text itself where it is none."""
    try:
        return json.loads(call.arguments)
    except ValueError:
        return call.arguments


def _tojson(value: Any, indent: int | None = None) -> str:
    """As tokenizers' templates mean it: not escaped for HTML, not in ASCII."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _raise(message: str) -> None:
    import jinja2

    raise jinja2.TemplateError(message)
