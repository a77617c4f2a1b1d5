"""Campaigns: a planned set of injections, executed, recorded, resumable."""
