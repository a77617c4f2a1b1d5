"""Measures how much code a checkout of onnxfi has, and how far one injection walks through it."""
