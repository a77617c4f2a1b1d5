"""Plans a campaign: its strata, its faults and their ids."""
