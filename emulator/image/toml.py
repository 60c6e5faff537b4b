"""TOML files checked by a pydantic model: whatever is wrong comes out as one line."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from emulator.core.errors import BadInput
from emulator.image.file import read_octets

Model = TypeVar("Model", bound=BaseModel)

_FILE_LIMIT = 1_048_576
_SHOWN = 60


def read_model(path: Path, model: type[Model]) -> Model:
    """Read `path` as `model`.

    Args:
        path: a TOML file.
        model: what it must be.

    Raises:
        BadInput: one line naming file, key, value and what is allowed.
    """
    table = _read_table(path)
    try:
        return model.model_validate(table)
    except ValidationError as error:
        # A key that is not known says more than the one that is missing for it.
        details = error.errors(include_url=False)
        unknown = [detail for detail in details if detail["type"] == "extra_forbidden"]
        raise _refusal(path, model, (unknown or details)[0]) from error


def _read_table(path: Path) -> dict[str, Any]:
    octets = read_octets(path, _FILE_LIMIT)
    try:
        return tomllib.loads(octets.decode())
    except UnicodeDecodeError as error:
        raise BadInput("is no text in UTF-8", where=str(path), allowed="TOML") from error
    except RecursionError as error:
        raise BadInput("is nested too deeply", where=str(path), allowed="TOML") from error
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"is no TOML: {error}", where=str(path), allowed="TOML") from error


def _refusal(path: Path, model: type[BaseModel], error: ErrorDetails) -> BadInput:
    """What pydantic says, in our words."""
    keys = [str(part) for part in error["loc"]]
    text = ""
    if error["type"] == "value_error":
        # A validator of a whole table names the key itself: `key: what is wrong`.
        text = str(error["ctx"]["error"])
        key, colon, rest = text.partition(": ")
        if colon and key.isidentifier():
            keys, text = [*keys, key], rest
    where = ": ".join([str(path), ".".join(keys)] if keys else [str(path)])
    if text:
        return BadInput(text, where=where)
    if error["type"] == "extra_forbidden":
        return BadInput("unknown key", where=where, allowed=", ".join(_table_at(model, keys[:-1]).model_fields))
    if error["type"] == "missing":
        return BadInput("this key is missing", where=where)
    return BadInput(f"{_shown(error['input'])} is not a value of it", where=where, allowed=_allowed(error))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _allowed(error: ErrorDetails) -> str:
    """What would do, from what pydantic asks for: `Input should be ...`."""
    message = error["msg"]
    for beginning in ("Input should be ", "Input should "):
        message = message.removeprefix(beginning)
    return message


def _table_at(model: type[BaseModel], keys: list[str]) -> type[BaseModel]:
    """The model of a table inside `model`; positions in a list are passed over."""
    for key in keys:
        if (field := model.model_fields.get(key)) is not None:
            candidates = (field.annotation, *get_args(field.annotation))
            tables = [found for found in candidates if isinstance(found, type) and issubclass(found, BaseModel)]
            model = tables[0] if tables else model
    return model
