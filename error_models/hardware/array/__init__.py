"""Derives corruptions from faults in the processing elements of a systolic array."""
