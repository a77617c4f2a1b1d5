"""Derives spatial models from observed corruptions."""
