"""Lists targets so that they are readable at a prompt and in a notebook."""

from onnxfi.display import counted, html_table, list_names
from onnxfi.graph.shapes.notation import format_shape
from onnxfi.graph.target import Target


class TargetList(list[Target]):
    """A list of targets, shown on one line or, in a notebook, as a table."""

    def __repr__(self) -> str:
        """Return one line: the number of targets, and the first tensors."""
        names = f": {list_names(x.tensor for x in self)}" if self else ""
        return f"<{counted(len(self), 'target')}{names}>"

    def _repr_html_(self) -> str:
        header = ("tensor", "kind", "layer", "op", "dtype", "shape", "channel axis")
        rows = [
            (
                x.tensor,
                x.kind,
                x.layer or "",
                x.op_type,
                x.dtype.name,
                format_shape(x.shape),
                "" if x.channel_axis is None else x.channel_axis,
            )
            for x in self
        ]
        return html_table(header, rows, caption=counted(len(self), "target"))
