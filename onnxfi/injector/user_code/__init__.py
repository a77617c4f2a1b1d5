"""Calls code of the user: protects its arguments, checks its results, and names the injection."""
