"""Makes error models from names, texts and mappings."""
