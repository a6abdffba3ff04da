"""Datasets: named once, found locally or fetched, checked by content.

A file is looked for in the data roots (a local mirror), then in the user's cache, and is else
fetched from where it was published. Whatever is found must have the recorded content; gzip does
not count as content, so a mirror may keep files packed or not.
"""

from __future__ import annotations

from evalsuite.datasets.dataset import (
    Copy,
    DataFile,
    Dataset,
    cache_root,
    data_roots,
    fetches_told,
)
from evalsuite.datasets.lines import BadData
from evalsuite.datasets.reading import ENDINGS, Row, read_rows

__all__ = [
    "ENDINGS",
    "BadData",
    "Copy",
    "DataFile",
    "Dataset",
    "Row",
    "cache_root",
    "data_roots",
    "fetches_told",
    "read_rows",
]
