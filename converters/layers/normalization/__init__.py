"""Translations of the normalisation layers."""
