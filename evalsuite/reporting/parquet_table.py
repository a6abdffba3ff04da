"""The long table of figures as Parquet, typed."""

from __future__ import annotations

from pathlib import Path

from evalsuite.analysis.summary import Summary
from evalsuite.reporting.tidy import tidy_frame


def write_parquet(summary: Summary, path: Path) -> None:
    """Write the figures of ``summary``: texts, 64-bit floats, and ``n`` as an integer."""
    tidy_frame(summary).to_parquet(path, index=False, compression="zstd")
