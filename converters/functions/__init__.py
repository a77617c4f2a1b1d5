"""Translations of TensorFlow functions, as the operations that compute the same."""
