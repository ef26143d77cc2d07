"""Work that somebody asked for and one worker does; when that worker dies, another one takes it up.

A row stands for it until it is done, so neither a worker nor the broker can lose it: whoever asks wakes a
worker, and a chore wakes one for every row of `list_takeable`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID

import structlog
from celery import Task
from django.db import models, transaction
from django.db.models import QuerySet
from kombu.exceptions import OperationalError

from vyapar.tenancy.holding import Hold, holding, is_held, list_held, number_of

#: How often work may be begun; what lost its worker as often is given up.
ATTEMPTS = 3
log = structlog.get_logger(__name__)


class Asked(models.Model):
    """How far work is that was asked for: when its worker began, and how many have."""

    begun_at = models.DateTimeField(null=True)  # None: nobody has, or who had failed and said so
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        abstract = True


Row = TypeVar("Row", bound=Asked)


def wake(task: Task[..., None], *given: str) -> None:
    """Tell a worker of a row once that is committed; with the broker away beat tells it a little later."""
    transaction.on_commit(partial(_send, task, given))


def _send(task: Task[..., None], given: tuple[str, ...]) -> None:
    try:
        task.delay(*given)
    except OperationalError:
        log.warning("not_woken", task=task.name, given=given)


def list_takeable(waiting: QuerySet[Row], at: datetime) -> list[str]:
    """Of rows that wait, the keys of those that no living worker is at and whose turn has come."""
    held = list_held("asked")
    return [str(row.pk) for row in waiting if _is_next(row, at) and not is_held(_number(row.pk), held)]


def is_at_work(row: Asked) -> bool:
    """Whether a living worker is at a row."""
    return is_held(_number(row.pk), list_held("asked"))


@contextmanager
def taken(waiting: QuerySet[Row], pk: UUID, at: datetime) -> Iterator[Row | None]:
    """A row of those that wait, this worker's until the block ends; None when it is done or another's.

    The caller looks at `is_given_up` first. What it writes at the end it writes to `mine`.
    """
    with holding("asked") as hold:
        yield _take(waiting, pk, at, hold)


def is_given_up(row: Asked) -> bool:
    """Whether a taken row has lost its worker as often as it may: it is failed, not tried again."""
    return row.attempts > ATTEMPTS


def mine(waiting: QuerySet[Row], row: Row) -> QuerySet[Row]:
    """The row, unless another worker has taken it since: a database that was away forgets who held it."""
    return waiting.filter(pk=row.pk, attempts=row.attempts)


@transaction.atomic
def _take(waiting: QuerySet[Row], pk: UUID, at: datetime, hold: Hold) -> Row | None:
    row = waiting.select_for_update().filter(pk=pk).first()
    if row is None or not _is_next(row, at) or not hold.take(_number(pk)):
        return None
    row.begun_at, row.attempts = at, row.attempts + 1
    row.save(update_fields=["begun_at", "attempts"])
    return row


def _is_next(row: Asked, at: datetime) -> bool:
    """What killed one worker may kill the next: the first time at once, then after a wait."""
    if row.begun_at is None or row.attempts <= 1 or row.attempts >= ATTEMPTS:
        return True
    return row.begun_at <= at - timedelta(minutes=2 * (row.attempts - 1))


def _number(pk: UUID) -> int:
    return number_of(str(pk))
