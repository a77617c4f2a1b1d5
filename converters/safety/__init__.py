"""Finds what loading a source file would execute, read or allocate."""
