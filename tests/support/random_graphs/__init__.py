"""Random graphs with every way in which tensors can cross a split."""
