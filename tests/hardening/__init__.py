"""Tests of protections."""
