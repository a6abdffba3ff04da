"""Real server programs, which tests and benchmarks run as processes."""
