"""What the translation of an older tool's file gives."""

from dataclasses import dataclass
from pathlib import Path

from onnxfi.atomic_write import atomic_write
from onnxfi.campaign.configuration import Configuration
from onnxfi.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Translation:
    """A campaign configuration made from an older tool's file.

    Attributes:
        source: the older tool's file.
        configuration: the campaign, its paths absolute.
        notes: what could not be honoured and what had to be chosen, one sentence or two each.
    """

    source: Path
    configuration: Configuration
    notes: tuple[str, ...]

    def to_yaml(self) -> str:
        """Return the text of a configuration file, the notes in its comments."""
        comments = (f"Translated from {self.source}", *self.notes)
        head = "".join(f"# {' '.join(line.split())}\n" for line in comments)
        return head + self.configuration.to_yaml()

    def write(self, path: Path) -> None:
        """Write a configuration file, and the folders it lies in; nothing is ever written over.

        Raises:
            ConfigurationError: there is another file at the path, or it cannot be written.
        """
        text = self.to_yaml()
        try:
            if path.exists():
                if path.read_text(encoding="utf-8") == text:
                    return
                raise ConfigurationError(
                    f"The translation of {self.source} goes to {path}, where there is another "
                    f"file. Run that one with `onnxfi campaign run {path}`, remove it, or give "
                    "another --out."
                )
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(path) as aside:
                aside.write_text(text, encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"The translation of {self.source} could not be written to {path}: {error}."
            ) from error
