"""Holds the benchmarks; `python -m tools.benchmark` runs every one that has a bar."""
