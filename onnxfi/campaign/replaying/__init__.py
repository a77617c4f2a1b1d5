"""Runs recorded injections again, one by one or as a check of a campaign."""
