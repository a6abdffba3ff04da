"""Small model, large model, or a mix of both, and what does each right answer cost?

``evalsuite.run``, ``load``, ``summarise`` and ``report`` are the whole of everyday use; they are
imported when first named, so that ``import evalsuite`` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from evalsuite.api import get_task, judge, load, report, run, summarise, tasks

__all__ = ["__version__", "get_task", "judge", "load", "report", "run", "summarise", "tasks"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from evalsuite import api

        return getattr(api, name)
    raise AttributeError(f"module 'evalsuite' has no attribute {name!r}")
