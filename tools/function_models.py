"""Makes a Keras 2 model with every TensorFlow function that converts, each as an output."""

from typing import Any

import tensorflow as tf


def functions(k: Any) -> Any:
    """Return the model; its functions have numbers from formulas, not from a generator."""
    rows = k.layers.Input((4, 6), name="rows")
    image = k.layers.Input((4, 6, 3), name="image")
    numbers = k.layers.Input((4,), dtype="int32", name="numbers")
    conv = k.layers.Conv2D(4, 1, name="conv")(image)
    outputs = [*_on_rows(rows), *_on_images(image, conv), *_on_numbers(rows, numbers)]
    return k.Model([rows, image, numbers], [*outputs, *_shapes(k, rows)], name="functions")


def _on_rows(x: Any) -> list[Any]:
    matrix = tf.reshape(tf.range(12.0), (6, 2)) / 10
    positive = tf.nn.relu(x)
    return [
        *(tf.nn.bias_add(x, tf.range(6.0)), tf.add_n([x, x, positive]), tf.round(3 * x)),
        *(*tf.split(x, [1, 3], axis=1), *tf.split(x, [1, -1, 2], axis=2)),
        *(*tf.math.top_k(x, 2), *tf.unstack(x, axis=1), tf.slice(x, [0, 1, 0], [-1, 2, 3])),
        *(tf.strided_slice(x, [0, 3, 0], [0, 0, 5], [1, -1, 2], begin_mask=1, end_mask=1),),
        *(x // -0.7, x % -0.7, tf.math.divide_no_nan(x, positive), tf.math.log1p(positive)),
        *(tf.norm(x, axis=1), tf.norm(x, ord=1, axis=-1, keepdims=True), tf.math.expm1(x)),
        *(tf.cumsum(x, axis=1, exclusive=True, reverse=True), tf.roll(x, [1, -2], [1, 2])),
        *(tf.sort(x, axis=1), tf.argsort(x, direction="DESCENDING"), tf.reverse(x, [1])),
        *(tf.linalg.band_part(x, 1, 0), tf.nn.crelu(x), tf.nn.silu(x, beta=2.0)),
        *(tf.tensordot(x, matrix, 1), tf.math.count_nonzero(positive, axis=1)),
        *(tf.pad(x, [[0, 0], [1, 2], [2, 0]], "SYMMETRIC"), tf.clip_by_value(x, -1, x[:, :1] + 2)),
        *(tf.nn.max_pool1d(x, 2, 2, "SAME"), tf.gather(x, [[0, 2], [1, 3]], axis=2)),
    ]


def _on_images(image: Any, conv: Any) -> list[Any]:
    kernel = tf.reshape(tf.range(72.0), (2, 3, 3, 4)) / 40 - 1
    older = tf.compat.v1.image
    return [
        *(tf.image.resize(image, (3, 5)), tf.image.resize(image, (3, 5), method="nearest")),
        *(older.resize_bilinear(image, (7, 3)), older.resize_bilinear(image, (3, 3), True)),
        *(older.resize_nearest_neighbor(image, (7, 3)),),
        *(tf.image.flip_left_right(image), tf.image.rot90(conv), tf.image.central_crop(image, 0.5)),
        *(tf.image.resize_with_crop_or_pad(image, 3, 9), tf.image.rgb_to_grayscale(image)),
        *(tf.image.per_image_standardization(image), tf.image.adjust_brightness(image, 0.1)),
        *(tf.nn.depth_to_space(conv, 2), tf.nn.space_to_depth(image, 2)),
        *(tf.nn.local_response_normalization(conv, 2, 1.0, 0.3, 0.6),),
        *(tf.nn.conv2d(image, kernel, [1, 2, 1, 1], "SAME"), tf.nn.avg_pool(conv, 2, 2, "SAME")),
        *(tf.nn.depthwise_conv2d(image, kernel, [1, 1, 1, 1], "VALID"),),
        *(tf.nn.bias_add(conv, tf.range(4.0)), tf.cumsum(conv, axis=-1)),
    ]


def _on_numbers(x: Any, numbers: Any) -> list[Any]:
    table = tf.reshape(tf.range(18.0), (9, 2))
    return [
        *(tf.one_hot(numbers - 1, 5), tf.one_hot(numbers, 3, 2.0, -1.0, axis=1)),
        *((numbers - 4) // 3, (numbers - 4) % 3, tf.sequence_mask(numbers, 4)),
        *(tf.nn.embedding_lookup(table, numbers), tf.gather(x, numbers % 4, axis=1, batch_dims=1)),
        *(tf.gather_nd(x, (numbers % 4)[..., None], batch_dims=1),),
    ]


def _shapes(k: Any, x: Any) -> list[Any]:
    batch = tf.shape(x)[0]
    stacked = tf.reshape(x, tf.stack([batch, -1, 3]))
    return [
        *(k.layers.Dense(2, name="dense")(stacked), k.backend.batch_flatten(x)),
        *(tf.reshape(x, tf.concat([tf.shape(x)[:1], [6, 4]], 0)), tf.fill([batch, 5], 1.5)),
        *(tf.broadcast_to(x[:, :1], [batch, 4, 6]), k.backend.dot(x, tf.ones((6, 2)))),
        *(x - tf.reduce_mean(x[:, :1, :1], axis=[1, 2], keepdims=True), tf.squeeze(x[:, :1])),
    ]
