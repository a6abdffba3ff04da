"""What a local model takes up: its weights on disk and in memory, and what it adds by computing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalsuite.records import Size
from evalsuite.systems.energy.counters import HOST
from evalsuite.systems.memory import MemoryWatch

WEIGHT_SUFFIXES = (".safetensors", ".bin")


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The weights of a loaded model.

    ``memory_bytes`` are all its parameters and buffers where it was loaded to, ``disk_bytes`` the
    weights' files, None where they were not found.
    """

    parameters: int
    device: str
    memory_bytes: int
    disk_bytes: int | None

    @classmethod
    def of(cls, model: Any, folder: Path | None) -> Weights:
        """Those of a torch module that was read from ``folder``."""
        tensors = [*model.parameters(), *model.buffers()]
        return cls(
            parameters=model.num_parameters(),
            device=model.device.type,
            memory_bytes=sum(tensor.numel() * tensor.element_size() for tensor in tensors),
            disk_bytes=None if folder is None else files_bytes(folder),
        )


def size_of(weights: Weights, memory: MemoryWatch) -> Size:
    """The size of a model with such weights, as far as it was watched while it computed.

    Weights count where they were loaded to: in memory, or in that of a GPU.
    """
    on_gpu = weights.device != HOST
    grown = memory.working_ram
    growth = [] if grown is None else [memory.ram_basis]
    ram = grown if on_gpu else weights.memory_bytes + (grown or 0)
    vram = weights.memory_bytes + (memory.working_vram or 0) if on_gpu else None
    return Size(
        parameters=weights.parameters,
        disk_bytes=weights.disk_bytes,
        disk_basis="" if weights.disk_bytes is None else "weights' files",
        ram_bytes=ram,
        ram_basis=" + ".join(growth if on_gpu else ["weights", *growth]),
        vram_bytes=vram,
        vram_basis="weights + peak growth by a batch, of torch's allocator" if on_gpu else "",
        process_bytes=memory.process_bytes,
    )


def files_bytes(folder: Path) -> int | None:
    """Bytes of the weights' files in ``folder``; None where it has none."""
    files = [path for path in folder.iterdir() if path.suffix in WEIGHT_SUFFIXES]
    return sum(path.stat().st_size for path in files) or None


def hub_folder(model: str, revision: str | None) -> Path | None:
    """The local copy of a model of the hub that has been loaded; None where it is not found."""
    from transformers.utils.hub import cached_file

    try:
        found = cached_file(model, "config.json", revision=revision, local_files_only=True)
    except (OSError, ValueError):
        return None
    return None if found is None else Path(found).parent
