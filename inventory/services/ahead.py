"""Statements handed to the database ahead: it works them off in order while we work on, on one connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.db import connection

T = TypeVar("T")


class Line:
    """What waits to be asked of one connection, first come first served, by a thread of its own.

    After the first failure nothing more is asked: whoever waits gets that failure.
    """

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._failure: BaseException | None = None

    def submit(self, ask: Callable[[Any], T]) -> Future[T]:
        """Have `ask` called with the driver's own connection when all before it is done."""
        return self._thread.submit(self._do, ask)

    def answer(self, future: Future[T]) -> T:
        """What became of something handed over; waits. Raises what the database raised, as Django does."""
        with connection.wrap_database_errors:
            return future.result()

    def wait(self) -> None:
        """Until all that was handed over is done."""
        self.answer(self.submit(lambda raw: None))

    def close(self) -> None:
        """Leave out what was not begun; wait for what was."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _do(self, ask: Callable[[Any], T]) -> T:
        if self._failure is not None:
            raise self._failure
        try:
            return ask(self._raw)
        except BaseException as failure:
            self._failure = failure
            raise


_line: ContextVar[Line | None] = ContextVar("line", default=None)


def current() -> Line | None:
    """The line of this block, if there is one."""
    return _line.get()


@contextmanager
def sending_ahead() -> Iterator[None]:
    """In this block what is sent need not be waited for, and when it ends everything is done.

    Two processors then work: ours and the database's. What is asked in the ordinary way waits until all
    that was sent before is done, so that every statement stands in the order in which it was written.
    Must run in a transaction: a failure is raised at the next wait, at the latest at the end.
    """
    with connection.cursor() as cursor:  # this one sees to the distributor's schema
        line = Line(cursor.connection)

    def in_order(execute: Any, sql: Any, values: Any, many: bool, context: Any) -> Any:
        line.wait()
        return execute(sql, values, many, context)

    token = _line.set(line)
    try:
        with connection.execute_wrapper(in_order):
            yield
        line.wait()
    finally:
        line.close()
        _line.reset(token)
