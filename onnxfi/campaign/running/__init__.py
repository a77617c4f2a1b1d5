"""Runs the shards of a campaign, in threads, processes or on a cluster."""
