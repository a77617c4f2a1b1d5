"""The bundled model and data of ``onnxfi demo``."""
