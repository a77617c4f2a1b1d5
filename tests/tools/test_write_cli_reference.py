"""The reference of the command line has the whole help of every command."""

import pytest

from tools.write_cli_reference import page


@pytest.mark.thorough
def test_every_command_has_its_example() -> None:
    _, *sections = page().split("\n## ")
    commands = [y for x in sections for y in x.split("\n### ")]
    assert len(commands) > 20
    for section in commands:
        name = section.splitlines()[0]
        assert f"Example: {name}" in section
