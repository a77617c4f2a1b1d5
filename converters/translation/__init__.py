"""Defines what every translation is written with: tensors, the graph builder, layer calls."""
