"""Translations of recurrent layers, and of the wrappers that run them."""
