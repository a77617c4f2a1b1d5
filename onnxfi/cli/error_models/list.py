"""``onnxfi error-models list``."""

import inspect

from onnxfi.cli.options.arguments import JsonOption
from onnxfi.cli.output import print_json
from onnxfi.cli.tables import Column, Table, print_table
from onnxfi.error_models import ERROR_MODELS
from onnxfi.error_models.registry import declared_names, find_error_model
from onnxfi.error_models.spatial.display import summarise
from onnxfi.error_models.spatial.library import MODELS, built_in_model
from onnxfi.errors import ErrorModelError


def list_models(*, as_json: JsonOption = False) -> None:
    """List all error models.

    The list holds the error models of onnxfi and of installed packages, and the built-in spatial
    models.

    Example: onnxfi error-models list
    """
    rows = {name: _first_line(name) for name in dict.fromkeys((*ERROR_MODELS, *declared_names()))}
    for name in MODELS:
        rows[f"spatial:model={name}"] = summarise(built_in_model(name).distribution)
    if as_json:
        print_json(rows)
        return
    columns = [Column("name"), Column("description", "text")]
    print_table(Table(columns, list(rows.items())))


def _first_line(name: str) -> str:
    try:
        return next(iter((inspect.getdoc(find_error_model(name)) or "").splitlines()), "")
    except ErrorModelError as error:
        return f"cannot be used: {error}"
