"""Defines the result of translating the file of another tool."""

from dataclasses import dataclass
from pathlib import Path

from onnxfi.atomic_write import atomic_write
from onnxfi.configuration import Configuration
from onnxfi.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Translation:
    """A campaign configuration made from the file of another tool.

    Attributes:
        source: the file of the other tool.
        configuration: the campaign, with absolute paths.
        notes: settings that are unsupported or had to be guessed, one or two sentences each.
    """

    source: Path
    configuration: Configuration
    notes: tuple[str, ...]

    def to_yaml(self) -> str:
        """Return the text of a configuration file, with the notes as comments."""
        comments = (f"Translated from {self.source}", *self.notes)
        head = "".join(f"# {' '.join(line.split())}\n" for line in comments)
        return head + self.configuration.to_yaml()

    def write(self, path: Path) -> None:
        """Write a configuration file and create its folders; never overwrite a file.

        Raises:
            ConfigurationError: another file has the path, or it cannot be written.
        """
        text = self.to_yaml()
        try:
            if path.exists():
                if path.read_text(encoding="utf-8") == text:
                    return
                raise ConfigurationError(
                    f"{path} exists, and differs from the translation of {self.source}. Run it "
                    f"with `onnxfi campaign run {path}`, remove it, or choose another --out."
                )
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(path) as aside:
                aside.write_text(text, encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"The translation of {self.source} cannot be written to {path}: {error}."
            ) from error
