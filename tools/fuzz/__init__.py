"""Feeds damaged files to the command line, and counts what becomes of them."""
