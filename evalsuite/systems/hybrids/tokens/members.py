"""What the members of a token-level hybrid read, and that they speak one vocabulary."""

from __future__ import annotations

from collections.abc import Mapping

from evalsuite.errors import CallRejected, ConfigError
from evalsuite.records import Request
from evalsuite.systems.completing import refuse_too_long, row_of
from evalsuite.systems.decoding import Decoder, Row
from evalsuite.systems.encoding import Encoded, encode
from evalsuite.systems.hybrids.tokens.reader import Reader


def same_vocabulary(decoders: Mapping[str, Decoder]) -> None:
    """Raise ConfigError unless every token has the same id in all ``decoders``, by role.

    Sizes of logits may differ: rows of padding, which no token has, are no tokens.
    """
    (first, one), *others = decoders.items()
    for role, other in others:
        if other.vocabulary != one.vocabulary:
            raise ConfigError(
                f"{first} and {role} have different vocabularies, so they cannot work on the same "
                f"tokens: give models of one tokenizer"
            )


def encoded_for(role: str, request: Request, decoder: Decoder) -> Encoded:
    """``request`` as the model in ``role`` reads it: by its own chat template.

    CallRejected where it has no place for a part of it, or no room, or nothing to go on from.
    """
    encoded = encode(request, decoder.tokenizer)
    if not encoded.prompt:
        raise CallRejected(f"the {role} reads an empty prompt", kind="bad_request", billed=False)
    refuse_too_long(encoded, decoder.context, f"the {role}")
    return encoded


def start(role: str, request: Request, decoder: Decoder) -> tuple[Reader, Row, str]:
    """A reader of ``request``, the row to write, and what of it had to be asked in another way.

    The last is what the reason of a hop ends with, "" for nothing. Raises what ``encoded_for``
    does.
    """
    encoded = encoded_for(role, request, decoder)
    row = row_of(request, encoded.prompt, decoder.context)
    return Reader(decoder, encoded.prompt), row, "".join(f"; {note}" for note in encoded.notes)
