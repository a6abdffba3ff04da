"""What a page holds, read back in Python as its script reads it."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np

from evalsuite.reporting.explorer import Explorer

Row = dict[str, Any]


def opened(packed: str) -> bytes:
    return zlib.decompress(base64.b64decode(packed), -zlib.MAX_WBITS)


def rows_of(block: dict[str, Any]) -> list[Row]:
    """The rows of a block by name of column."""
    return [
        {name: _cell(column, at) for name, column in block.items()}
        for at in range(len(block["sample"]))
    ]


def _cell(column: Any, at: int) -> Any:
    if column is None or isinstance(column, list):
        return column[at] if column else None
    if "all" in column:
        return column["all"]
    return None if column["at"][at] is None else column["of"][column["at"][at]]


class Page:
    """An explorer as its reader sees it."""

    def __init__(self, explorer: Explorer) -> None:
        self.header = json.loads(opened(explorer.header))
        self.explorer = explorer
        self.names = [
            (self.header["tasks"][task]["name"], id)
            for task, id in zip(self.array("tasks"), self.header["ids"], strict=True)
        ]

    def array(self, wanted: str) -> list[Any]:
        content, at = opened(self.explorer.index), 0
        for name, kind, length in self.header["arrays"]:
            size = length * np.dtype(kind).itemsize
            if name == wanted:
                return np.frombuffer(content[at : at + size], dtype=f"<{kind}").tolist()
            at += size
        raise KeyError(wanted)

    def slot(self, task: str, id: str, system: str, repeat: int = 0) -> int:
        sample = self.names.index((task, id))
        system_at = self.header["systems"].index(system)
        slot = sample * len(self.header["systems"]) + system_at
        return int(slot * self.header["repeats"] + repeat)

    def rows(self, part: str, task: str, id: str) -> list[Row]:
        place = self.array("texts")[self.names.index((task, id))] - 1
        if place < 0:
            return []
        block, sample = divmod(place, self.header["block"])
        found = rows_of(json.loads(opened(self.explorer.blocks[part][block])))
        return [row for row in found if row["sample"] == sample]
