"""Checks the types in the JSON files of a run directory, which may come from a stranger."""

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

_Count = Annotated[int, Field(ge=0, lt=2**63)]
# Seconds since 1970, for any date that a calendar can show.
_Moment = Annotated[float, Field(ge=0, lt=2e11, allow_inf_nan=False)]


class _Metric(BaseModel):
    """The entry of a user's metric in the manifest."""

    model_config = ConfigDict(strict=True, extra="allow")

    name: str
    folder: str | None
    files: dict[str, str]
    earlier: list[dict[str, str]] = []


class _BuiltIn(BaseModel):
    """The entry of a built-in metric: it is empty."""

    model_config = ConfigDict(extra="forbid")


class StoredManifest(BaseModel):
    """The types in ``manifest.json``; further keys may have any value."""

    model_config = ConfigDict(strict=True, extra="allow")

    run_id: str
    injections: _Count
    seed: int
    provider: str
    model: str
    inputs: str
    error_models: str
    configuration: str
    configuration_keys: dict[str, str]
    versions: dict[str, str]
    metric: _Metric | _BuiltIn = _BuiltIn()


class StoredSign(BaseModel):
    """The types in ``running.json``."""

    model_config = ConfigDict(strict=True, extra="forbid")

    host: str
    process: Annotated[int, Field(gt=0, lt=2**31)]
    began: _Moment
    at: _Moment
    done: _Count
    token: str = ""


def parse_document(content: bytes, kind: type[BaseModel]) -> dict[str, Any]:
    """Return the document in a JSON file.

    Raises:
        ValueError: it is not JSON, or has a value of a wrong type; the message names the key.
    """
    try:
        document = json.loads(content)
        kind.model_validate(document)
    except RecursionError as error:
        raise ValueError("it nests too deeply") from error
    except ValidationError as error:
        first = error.errors()[0]
        # Names with an underscore are the members of a union.
        place = ".".join(str(x) for x in first["loc"] if not str(x).startswith("_"))
        raise ValueError(f"{place or 'the file'}: {first['msg']}") from error
    return dict(document)
