"""Injection sites: the elements of a target that a corruption hits."""
