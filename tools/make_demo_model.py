"""Train the bundled model of ``onnxfi demo`` and write it as a Keras .h5 file.

Needs the extras keras and demo:

    python -m tools.make_demo_model [OUT.h5]
"""

import os
import sys
from pathlib import Path

# Read by TensorFlow when it is imported: one device and one order of sums give the same weights.
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import tensorflow

from onnxfi.demo.digits import split_digits

ASSET = Path(__file__).parents[1] / "onnxfi" / "demo" / "assets" / "lenet_digits.h5"
SEED = 0
EPOCHS = 40
LARGEST_ASSET = 300_000
LEAST_ACCURACY = 0.97


def build() -> keras.Model:
    """Build a small LeNet for images of shape (8, 8, 1)."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8, 1), name="image"),
            layers.Conv2D(16, 3, padding="same", name="conv1"),
            layers.ReLU(name="relu1"),
            layers.MaxPooling2D(2, name="pool1"),
            layers.Conv2D(32, 3, padding="same", name="conv2"),
            layers.ReLU(name="relu2"),
            layers.MaxPooling2D(2, name="pool2"),
            layers.Flatten(name="flatten"),
            layers.Dense(64, activation="relu", name="dense1"),
            layers.Dense(10, activation="softmax", name="dense2"),
        ],
        name="lenet_digits",
    )


def main(out: Path) -> None:
    """Train, report the held-out accuracy and write the file."""
    keras.utils.set_random_seed(SEED)
    tensorflow.config.experimental.enable_op_determinism()
    digits = split_digits()
    model = build()
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(
        digits.training_images, digits.training_labels, epochs=EPOCHS, batch_size=32, verbose=0
    )
    _, accuracy = model.evaluate(digits.held_out_images, digits.held_out_labels, verbose=0)
    out.parent.mkdir(parents=True, exist_ok=True)
    model.save(out, include_optimizer=False)
    size = out.stat().st_size
    print(f"{out}: {size} bytes, {model.count_params()} parameters")
    print(f"held-out accuracy {accuracy:.4f} on {len(digits.held_out_labels)} digits")
    if accuracy < LEAST_ACCURACY or size > LARGEST_ASSET:
        sys.exit(f"expected at least {LEAST_ACCURACY} accuracy and at most {LARGEST_ASSET} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ASSET)
