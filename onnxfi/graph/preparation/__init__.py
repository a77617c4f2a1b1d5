"""Prepares a loaded model: checks it, and rewrites what later steps cannot handle."""
