"""Functions of TensorFlow and operations of Keras 3 that are several operators of ONNX."""
