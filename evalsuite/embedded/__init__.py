"""Tiny causal language models shipped with the package, and how they were made.

Importing this package costs milliseconds: nothing here needs torch. The
generators of the five task families are in :mod:`evalsuite.embedded.items`;
training and evaluation are modules run by name.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["model_path", "names"]

_MODELS = Path(__file__).parent / "models"


def names() -> list[str]:
    """Names of the shipped models, smallest first (by the size of the weights file)."""
    found = [path.parent for path in _MODELS.glob("*/model.safetensors")]
    return [path.name for path in sorted(found, key=_weights_size)]


def model_path(name: str) -> Path:
    """Folder of one shipped model, in the layout ``from_pretrained`` reads.

    Args:
        name: One of :func:`names`.

    Raises:
        KeyError: If no model of that name is shipped.
    """
    path = _MODELS / name
    if name not in names():
        raise KeyError(f"no embedded model {name!r}; shipped: {', '.join(names()) or 'none'}")
    return path


def _weights_size(path: Path) -> int:
    return (path / "model.safetensors").stat().st_size
