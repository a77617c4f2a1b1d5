"""Holds programs for developers: benchmarks, oracles, sweeps, and makers of test data."""
