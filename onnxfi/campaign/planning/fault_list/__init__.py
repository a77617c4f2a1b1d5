"""Plans the faults of a list that someone else made."""
