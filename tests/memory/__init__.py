"""Tests of number formats and codes."""
