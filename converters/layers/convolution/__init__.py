"""Translations of the convolution and pooling layers."""
