"""Runs shards in threads and processes of this machine."""
