"""Lists the options and classes that Keras defines, and makes errors for unsupported ones."""
