"""Shows the progress of a run as a bar, in a terminal or in a notebook."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

# Seconds between two updates of the bar in a notebook.
_PAUSE = 0.2


@contextmanager
def progress_bar(planned: int, *, shown: bool | None) -> Iterator[Callable[[int], None]]:
    """Show a bar while the context is open, and give what advances it by some injections.

    Args:
        planned: number of planned injections.
        shown: whether to show it; None shows it in notebooks only.
    """
    notebook = _notebook()
    if shown is False or (shown is None and notebook is None):
        yield lambda done: None
    elif notebook is None:
        with _terminal_bar(planned) as advance:
            yield advance
    else:
        bar = _NotebookBar(planned, notebook)
        try:
            yield bar.advance
        finally:
            bar.show()


def _notebook() -> ModuleType | None:
    """Return IPython's display module in the kernel of a notebook; None elsewhere."""
    ipython = sys.modules.get("IPython")  # imported long before, if this is a notebook
    shell = None if ipython is None else ipython.get_ipython()
    if not hasattr(shell, "kernel"):
        return None
    from IPython import display

    module: ModuleType = display
    return module


@contextmanager
def _terminal_bar(planned: int) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), "injections", TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=planned)

        def advance(done: int) -> None:
            progress.advance(task, done)

        yield advance


class _NotebookBar:
    """A bar that needs no widgets, which notebooks may lack; safe to advance from threads."""

    def __init__(self, planned: int, display: Any) -> None:
        self._planned = planned
        self._done = 0
        self._shown_at = time.monotonic()
        self._lock = threading.Lock()
        self._handle = display.display(self._bundle(), raw=True, display_id=True)

    def advance(self, done: int) -> None:
        """Add injections; the bar follows a few times a second."""
        with self._lock:
            self._done += done
            if time.monotonic() - self._shown_at < _PAUSE:
                return
            self._shown_at = time.monotonic()
        self.show()

    def show(self) -> None:
        """Show the present number of injections."""
        self._handle.update(self._bundle(), raw=True)

    def _bundle(self) -> dict[str, str]:
        text = f"{self._done} of {self._planned} injections"
        bar = f'<progress max="{self._planned}" value="{self._done}"></progress>'
        return {"text/plain": text, "text/html": f"{bar} {text}"}
