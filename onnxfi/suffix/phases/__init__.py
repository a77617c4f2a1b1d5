"""Holds the phases of a suffix: ways to advance lanes exactly."""
