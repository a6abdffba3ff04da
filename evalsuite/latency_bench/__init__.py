"""Latency under a load that does not wait for the system: MLPerf LoadGen's scenarios.

``bench_latency`` measures systems of an experiment; ``find_rate`` looks for the highest rate at
which a service level holds; ``load`` is the generator, which knows nothing of systems.
"""

from __future__ import annotations

from evalsuite.latency_bench.bench import bench_latency, find_rate
from evalsuite.latency_bench.records import BenchOptions, Measurement, Query, RateFound, Scenario

__all__ = [
    "BenchOptions",
    "Measurement",
    "Query",
    "RateFound",
    "Scenario",
    "bench_latency",
    "find_rate",
]
