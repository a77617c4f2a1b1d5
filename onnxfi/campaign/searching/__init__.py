"""Searches for the most dangerous faults with few runs."""
