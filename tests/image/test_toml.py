"""TOML files: whatever is wrong is one line that names the key and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, model_validator

from emulator.core.errors import BadInput
from emulator.image.toml import read_model


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Leg(Table):
    length: int


class Chair(Table):
    legs: list[Leg] = []
    back: Leg | None = None
    sizes: list[int] = []

    @model_validator(mode="after")
    def _stands(self) -> Chair:
        if len(self.legs) == 1:
            raise ValueError("it falls over")
        return self


@pytest.mark.parametrize(
    "text, line",
    [
        ("[[legs]]\nlength = 1\n[[legs]]\nwidth = 1", "legs.1.width: unknown key (allowed: length)"),
        ("[back]\nwidth = 1", "back.width: unknown key (allowed: length)"),
        ("sizes = [1, 'two']", "sizes.1: 'two' is not a value of it (allowed: a valid integer)"),
        ("arms = 2", "arms: unknown key (allowed: legs, back, sizes)"),
        ("legs = 4", "legs: 4 is not a value of it (allowed: a valid list)"),
        ("[[legs]]\nlength = 1", "it falls over"),
    ],
    ids=["in-a-list", "in-an-optional-table", "value-in-a-list", "top", "type", "whole"],
)
def test_the_line_names_key_value_and_what_is_allowed(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "chair.toml"
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        read_model(path, Chair)
    assert str(caught.value) == f"{path}: {line}"


def test_a_good_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "chair.toml"
    path.write_text("[[legs]]\nlength = 1\n[[legs]]\nlength = 2")
    assert [leg.length for leg in read_model(path, Chair).legs] == [1, 2]
