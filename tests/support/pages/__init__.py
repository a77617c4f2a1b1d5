"""Checks of pages and pictures."""
