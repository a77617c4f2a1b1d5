"""TensorFlow in a process of its own: it loads, runs and traces what the native route does not."""
