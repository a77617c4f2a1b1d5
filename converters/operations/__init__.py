"""Translations of operations and functions, one module for each family."""
