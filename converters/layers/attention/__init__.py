"""Translations of the attention layers."""
