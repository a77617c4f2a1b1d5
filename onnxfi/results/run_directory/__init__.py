"""Keeps a campaign on disk: configuration, manifest, records and signs of life."""
