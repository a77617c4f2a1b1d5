"""Runs shards in threads that do not keep the process alive."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from queue import Empty, SimpleQueue

from onnxfi.campaign.running.run_shards import ShardOutcomes
from onnxfi.errors import ConfigurationError
from onnxfi.injector import describe_call
from onnxfi.run_directory import Shard

#: Beginning of the names of the threads.
THREAD_NAME = "onnxfi-shards"

_Task = tuple[Future[ShardOutcomes], Shard]


class ShardThreads:
    """Threads that run shards.

    They are daemons, unlike those of `concurrent.futures`: a metric that never returns would keep
    the process from ending.

    Attributes:
        contexts: the contexts in which they run.
    """

    def __init__(self, count: int, run: Callable[[Shard], ShardOutcomes]) -> None:
        """Start so many threads, or as many as can be started.

        Args:
            count: their number.
            run: runs a shard.

        Raises:
            ConfigurationError: no thread can be started.
        """
        self._run = run
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self.contexts = [copy_context() for _ in range(count)]
        self._threads: list[threading.Thread] = []
        for number, context in enumerate(self.contexts):
            thread = threading.Thread(
                target=context.run, args=[self._serve], name=f"{THREAD_NAME}-{number}", daemon=True
            )
            try:
                thread.start()
            except RuntimeError as error:  # a limit of the system
                if not self._threads:
                    raise ConfigurationError(
                        f"No thread can be started: {error}. End other programs, or raise the "
                        "limits of memory and processes (ulimit)."
                    ) from error
                break
            self._threads.append(thread)

    def submit(self, shard: Shard) -> Future[ShardOutcomes]:
        """Let the next idle thread run a shard."""
        future: Future[ShardOutcomes] = Future()
        self._tasks.put((future, shard))
        return future

    def _serve(self) -> None:
        while (task := self._tasks.get()) is not None:
            future, shard = task
            if not future.set_running_or_notify_cancel():
                continue
            try:
                outcomes = self._run(shard)
            except BaseException as error:  # whoever waits for the shard gets it
                future.set_exception(error)
            else:
                future.set_result(outcomes)

    def end(self, *, within: float) -> list[str]:
        """End the threads, and abandon those that do not end in time.

        Args:
            within: seconds.

        Returns:
            A sentence for each abandoned thread that runs code of the user.
        """
        while True:
            try:
                task = self._tasks.get_nowait()
            except Empty:
                break
            if task is not None:
                task[0].cancel()
        for _ in self._threads:
            self._tasks.put(None)
        deadline = time.monotonic() + within
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        abandoned = [
            describe_call(context)
            for thread, context in zip(self._threads, self.contexts, strict=False)
            if thread.is_alive()
        ]
        return [x for x in abandoned if x is not None]
