"""Tests of sequences of inferences."""
