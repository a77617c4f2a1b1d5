"""Steps that make a model ready to be split."""
