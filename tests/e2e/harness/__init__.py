"""Drives real Flink distributions and the StarRocks sandbox; Python's standard library only."""
