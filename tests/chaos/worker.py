"""A worker process that kills itself at a chosen place of an import.

It is forked from a clean server that has only imported the code: threads of numerical libraries do not
survive the fork of a process that has used them.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import django
from django.apps import apps

if not apps.ready:  # in the server that workers are forked from
    django.setup()


class Place(NamedTuple):
    """A function of ours, at its nth call."""

    file: str
    name: str
    nth: int


class House(NamedTuple):
    """Where the worker works: database, schema, folder of files, bytes in a parcel."""

    database: str
    schema: str
    media: str
    block: int


_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(["tests.chaos.worker"])


def dies_at(place: Place, house: House, run_id: UUID, at: datetime) -> bool:
    """Drive a run in a process of its own that gets SIGKILL at a place; False when it never got there."""
    process = _server.Process(target=_work, args=(place, house, run_id, at))
    process.start()
    process.join(120)
    if process.is_alive():
        process.kill()
        raise AssertionError(f"a worker hangs on its way to {place}")
    return process.exitcode == -signal.SIGKILL


def _work(place: Place, house: House, run_id: UUID, at: datetime) -> None:
    from django.conf import settings
    from django.db import connection
    from django_tenants.utils import schema_context

    from inventory.feeds.files.limits import Limits
    from inventory.services import imports

    settings.MEDIA_ROOT = house.media
    connection.settings_dict["NAME"] = house.database
    Limits.__init__.__defaults__ = smaller(Limits, house.block)
    sys.settrace(_killer(place))
    with schema_context(house.schema):
        while imports.drive(run_id, at=at):
            pass


def _killer(place: Place):
    calls = 0

    def trace(frame, event, _argument):
        nonlocal calls
        code = frame.f_code
        if event == "call" and code.co_name == place.name and code.co_filename.endswith(place.file):
            calls += 1
            if calls == place.nth:
                os.kill(os.getpid(), signal.SIGKILL)

    return trace


def smaller(limits: type, block: int) -> tuple:
    """The defaults of the reader's limits with parcels of so many bytes."""
    from dataclasses import fields

    return tuple(block if one.name == "block" else one.default for one in fields(limits))
