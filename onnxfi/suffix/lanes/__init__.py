"""Runs several faulty executions as one batch."""
