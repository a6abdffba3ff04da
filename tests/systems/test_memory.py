from __future__ import annotations

import os
from pathlib import Path

import pytest

from evalsuite.systems import memory as module
from evalsuite.systems.memory import MemoryWatch, resident_bytes
from evalsuite.systems.sizes import Weights, files_bytes, hub_folder, size_of

PAGE = os.sysconf("SC_PAGE_SIZE")


class Cuda:
    """``torch.cuda``'s three functions over scripted allocations of "cuda:0"."""

    def __init__(self) -> None:
        self.held = 700
        self.peak = 900

    def reset_peak_memory_stats(self, device: str) -> None:
        self.peak = self.held

    def memory_allocated(self, device: str) -> int:
        assert device == "cuda:0"
        return self.held

    def max_memory_allocated(self, device: str) -> int:
        return self.peak

    def batch(self, takes: int) -> None:
        self.peak = max(self.peak, self.held + takes)


def process(folder: Path, *, pages: int, peak_kb: int) -> Path:
    """The files of /proc/self that are read and written."""
    (folder / "statm").write_text(f"9000 {pages} 100 1 0 300 0\n")
    (folder / "status").write_text(f"Name:\tpython\nVmHWM:\t{peak_kb:8d} kB\nVmRSS:\t 1 kB\n")
    (folder / "clear_refs").touch()
    return folder


def test_the_peak_of_a_batch_is_seen_though_it_is_given_back() -> None:
    watch = MemoryWatch("cpu")
    for megabytes in (1, 48, 8):
        with watch.working():
            held = bytearray(megabytes * 2**20)
            held[:: PAGE // 2] = b"x" * len(held[:: PAGE // 2])
            del held
    if "not its peak" in watch.ram_basis:
        pytest.skip("this process may not reset its peak")
    assert watch.ram_basis == "peak growth by a batch" and watch.n_measured == 3
    assert watch.working_ram == pytest.approx(48 * 2**20, rel=0.1)
    assert (watch.process_bytes or 0) > 48 * 2**20 and watch.working_vram is None


def test_the_first_batch_brings_libraries_along_and_counts_only_alone(tmp_path: Path) -> None:
    folder = process(tmp_path, pages=1000, peak_kb=1000 * PAGE // 1024 + 512)
    watch = MemoryWatch("cpu", process=folder)
    assert [watch.working_ram, watch.process_bytes] == [None, None]
    with watch.working():
        pass
    assert watch.working_ram == 512 * 1024
    process(folder, pages=1000, peak_kb=1000 * PAGE // 1024 + 64)
    with watch.working():
        pass
    assert (watch.working_ram, watch.process_bytes) == (64 * 1024, 1000 * PAGE + 512 * 1024)
    assert (folder / "clear_refs").read_text() == "5"


def test_of_many_batches_some_are_measured(tmp_path: Path) -> None:
    watch = MemoryWatch("cpu", process=process(tmp_path, pages=10, peak_kb=10 * PAGE // 1024))
    for _ in range(40):
        with watch.working():
            pass
    assert (watch.n_measured, watch.n_batches) == (18, 40)  # 16, and the 17th and 33rd


def test_where_the_peak_cannot_be_reset_it_is_not_claimed(tmp_path: Path) -> None:
    folder = process(tmp_path, pages=10, peak_kb=10**6)
    (folder / "clear_refs").unlink()
    (folder / "clear_refs").mkdir()
    watch = MemoryWatch("cpu", process=folder)
    with watch.working():
        (folder / "statm").write_text("9000 13 100\n")
    assert watch.working_ram == 3 * PAGE
    assert watch.ram_basis == "growth by a batch, not its peak"


def test_a_process_that_tells_nothing_is_unknown(tmp_path: Path) -> None:
    watch = MemoryWatch("cpu", process=tmp_path / "absent")
    with watch.working():
        pass
    assert watch.working_ram is None and watch.process_bytes is None
    assert resident_bytes(tmp_path / "absent") is None


def test_without_proc_psutil_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psutil", reason="psutil is not installed")
    monkeypatch.setattr(module, "PROCESS", tmp_path / "absent")
    assert (resident_bytes(tmp_path / "absent") or 0) > 10 * 2**20


def test_a_gpu_counts_weights_and_the_most_that_a_batch_took() -> None:
    cuda = Cuda()
    watch = MemoryWatch("cuda:0", cuda)
    for takes in (30, 120, 60):
        with watch.working():
            cuda.batch(takes)
    assert watch.working_vram == 120
    weights = Weights(parameters=350, device="cuda", memory_bytes=700, disk_bytes=None)
    size = size_of(weights, watch)
    assert size.vram_bytes == 820 and size.disk_bytes is None and size.disk_basis == ""
    assert size.vram_basis == "weights + peak growth by a batch, of torch's allocator"
    assert size.ram_bytes == watch.working_ram  # the weights are not in it
    assert size.ram_basis == watch.ram_basis


def test_a_model_that_has_not_answered_takes_its_weights() -> None:
    weights = Weights(parameters=10, device="cpu", memory_bytes=40, disk_bytes=20)
    size = size_of(weights, MemoryWatch("cpu"))
    assert (size.ram_bytes, size.ram_basis) == (40, "weights")
    assert (size.disk_bytes, size.disk_basis) == (20, "weights' files")
    assert size.vram_bytes is None and size.process_bytes is None


def test_weights_files_are_told_from_the_rest(tmp_path: Path) -> None:
    assert files_bytes(tmp_path) is None
    (tmp_path / "model-1.safetensors").write_bytes(b"12345")
    (tmp_path / "model-2.safetensors").write_bytes(b"123")
    (tmp_path / "tokenizer.json").write_bytes(b"1" * 100)
    assert files_bytes(tmp_path) == 8


def test_a_hub_id_that_was_never_loaded_has_no_folder() -> None:
    pytest.importorskip("transformers")
    assert hub_folder("nobody/no-such-model", None) is None
