"""Building blocks that several spatial patterns share."""
