"""The oracle of an injection: the whole model, unoptimised, with a tensor overwritten."""

from collections.abc import Mapping

import numpy as np
import onnx
import onnxruntime
from onnx import helper

import onnxfi
from onnxfi.suffix.trial import same_bits


class Overwritten:
    """Runs a model one sample at a time from the value of one of its tensors."""

    def __init__(self, proto: onnx.ModelProto, target: str) -> None:
        """Open the session.

        Args:
            proto: the model; without bodies that compute the target.
            target: the tensor, of float32.
        """
        fed = onnx.ModelProto()
        fed.CopyFrom(proto)
        for node in fed.graph.node:
            for place, name in enumerate(node.output):
                if name == target:
                    node.output[place] = f"{target}/computed"
        if target not in {x.name for x in fed.graph.input}:
            value = helper.make_tensor_value_info(target, onnx.TensorProto.FLOAT, None)
            fed.graph.input.append(value)
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        content = fed.SerializeToString()
        self._session = onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])
        self._target = target

    def run(self, feeds: Mapping[str, np.ndarray], value: np.ndarray) -> dict[str, np.ndarray]:
        """Return the outputs by name.

        Args:
            feeds: the model's inputs.
            value: what the target is.
        """
        names = [x.name for x in self._session.get_outputs()]
        made = self._session.run(names, {**feeds, self._target: value})
        return dict(zip(names, made, strict=True))

    def check(
        self,
        injection: onnxfi.Injection,
        feeds: Mapping[str, np.ndarray],
        golden: np.ndarray,
        *,
        exactly: bool = True,
    ) -> None:
        """Assert that an injection has the outputs of the model with the target overwritten.

        Args:
            injection: the injection.
            feeds: the model's inputs.
            golden: the golden tensor.
            exactly: whether the bits are compared; not where ONNX Runtime adds in another order
                than unoptimised, as convolutions of blocks of channels do.
        """
        expected = self.run(feeds, injection.corruption.apply(golden))
        assert expected.keys() == injection.outputs.keys()
        for name, array in expected.items():
            got = injection.outputs[name]
            if exactly:
                assert same_bits(got, array, any_nan=True), (name, injection.id)
            else:
                scale = np.abs(array[np.isfinite(array)]).max(initial=0)
                atol = max(1e-4 * scale, 1e-37)  # kernels may flush denormals
                np.testing.assert_allclose(got, array, rtol=1e-3, atol=atol)
