"""A hybrid that is one function in a file of anyone's, with its members named in the experiment."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, PrivateAttr

from evalsuite.records import Answer, Request
from evalsuite.systems.base import Ask, Fitted, HybridSpec

Respond = Callable[..., Awaitable[Answer]]


class FunctionSpec(HybridSpec):
    """``async def name(request, ask, **options) -> Answer``, and who plays its roles.

    hybrid: "path/file.py:name" or "package.module:name".
    members: role -> name of a system.
    options: keyword arguments of the function.
    """

    hybrid: str
    members: dict[str, str] = Field(min_length=1)
    options: dict[str, Any] = Field(default_factory=dict)

    _function: Respond = PrivateAttr()

    @classmethod
    def around(cls, function: Respond, config: Mapping[str, Any]) -> FunctionSpec:
        """The hybrid that ``function`` is, as ``config`` describes it.

        Raises:
            ValidationError: for members or options that are no mapping.
            ValueError: for options that the function does not take.
        """
        spec = cls.model_validate(dict(config))
        try:
            inspect.signature(function).bind(None, None, **spec.options)
        except TypeError as error:
            raise ValueError(f"options: {error}") from None
        spec._function = function
        return spec

    @property
    def own_code(self) -> Path:
        """The file of the function, whose content is part of what the hybrid is."""
        return Path(inspect.getfile(self._function))

    def roles(self) -> Mapping[str, str]:
        """Those of ``members``."""
        return self.members

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """What the function answers."""
        return await self._function(request, ask, **self.options)
