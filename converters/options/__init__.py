"""The options and classes that Keras defines, and the errors for unsupported ones."""
