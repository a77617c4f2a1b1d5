"""Finds the values that determine shapes, and the tensors that only compute shapes."""
