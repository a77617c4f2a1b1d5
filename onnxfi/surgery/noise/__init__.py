"""Finds the random numbers that a model draws, and makes them repeatable."""
