"""Reads the code blocks of a Markdown page.

The info string of a block says how it is tested::

    ```bash                        runs; the exit status must be 0
    ```bash status="2"             runs; the exit status must be 2, and its messages are the output
    ```bash no-run: needs Slurm    is parsed only, for the reason that follows the colon
    ```python                      runs; the blocks of a page share their names
    ```python live                 runs by make test-all only: it needs PyTorch or TensorFlow
    ```yaml title="campaign.yaml"  is written to that file
    ```text                        is the output of the block before it
    ```text tolerance="5"          the same; numbers may differ by 5 %
    ```text no-run: a drawing      is no output
"""

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

_OPTION = re.compile(r'(\w+)(?:="([^"]*)")?')


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced code block.

    Attributes:
        page: the page that holds it.
        line: the number of its first line in the page.
        info: its info string; empty for indented code.
        language: the first word of the info string.
        source: its text.
        options: the options of its info string, with their values.
        reason: why it cannot run; empty if it can.
    """

    page: Path
    line: int
    info: str
    language: str
    source: str
    options: dict[str, str]
    reason: str

    @property
    def place(self) -> str:
        """The page and line, for messages."""
        return f"{self.page.name}:{self.line}"

    @property
    def is_live(self) -> bool:
        """Whether it needs a source framework."""
        return "live" in self.options


def read_blocks(page: Path) -> list[Block]:
    """Return the code blocks of a page, in order."""
    tokens = MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8"))
    return [
        _read(page, (x.map or [0])[0] + 1, x.info, x.content)
        for x in tokens
        if x.type in ("fence", "code_block")
    ]


def _read(page: Path, line: int, info: str, source: str) -> Block:
    language, _, rest = info.partition(" ")
    given, _, reason = rest.partition("no-run:")
    options = dict(_OPTION.findall(given))
    return Block(page, line, info, language, source, options, reason.strip())
