"""Provides building blocks that several spatial patterns share."""
