"""Collects, writes and reads the records of injections."""
