"""Reads a page as a browser's parser does."""

import base64
import hashlib
import re
from html.parser import HTMLParser

_VOID = frozenset({"meta", "br", "wbr", "input", "link", "img", "hr"})


class Page(HTMLParser):
    """Collects the visible text, the tags, the scripts and the rows of tables of a page."""

    def __init__(self, source: str) -> None:
        """Parse a page."""
        super().__init__()
        self.source = source
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.rows: dict[str, list[list[str]]] = {}
        self._open: list[str] = []
        self._table = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "table":
            self._table = attributes["id"] or ""
            self.rows[self._table] = []
        elif tag == "tr":
            self.rows[self._table].append([])
        elif tag in ("td", "th"):
            self.rows[self._table][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        """Check that tags are nested."""
        assert self._open.pop() == tag, (tag, self._open)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag of a picture."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Note the text."""
        if self._open[-1:] == ["script"]:
            self.scripts.append(data)
        elif self._open[-1:] != ["style"] and (self._open[-1:], data) != (["a"], "#"):
            self.words.extend(data.split())
            if "td" in self._open or "th" in self._open:
                cells = self.rows[self._table][-1]
                cells[-1] = (
                    f"{cells[-1]} {data}".strip() if "span" in self._open else (cells[-1] + data)
                )

    @property
    def text(self) -> str:
        """The visible text with single blanks."""
        return " ".join(self.words)

    @property
    def ids(self) -> list[str]:
        """All ids, in order."""
        return [x["id"] or "" for _, x in self.tags if "id" in x]

    @property
    def requests(self) -> list[str]:
        """What would be fetched, as far as tags, styles and scripts show."""
        found = [
            f"{tag} {name}={value}"
            for tag, attributes in self.tags
            for name, value in attributes.items()
            if name in ("src", "srcset", "data", "action", "href", "xlink:href", "poster")
            and not (value or "").startswith(("#", "data:image/png"))
        ]
        styles = re.findall(r"<style>(.*?)</style>", self.source, flags=re.DOTALL)
        found += [x for x in styles if "url(" in x or "@import" in x]
        found += re.findall(r"(?:fetch|XMLHttpRequest|import)\(.*", "".join(self.scripts))
        return found

    @property
    def allowed_script(self) -> str:
        """The hash of the only script that the page may run."""
        (policy,) = re.findall(r"script-src '(sha256-[^']+)'", self.source)
        return str(policy)


def hash_of(script: str) -> str:
    """Return the hash of a script as a policy has it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
