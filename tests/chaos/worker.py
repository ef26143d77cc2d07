"""A worker process that kills itself at a chosen place of an import, a cycle's part or a batch.

It is forked from a clean server that has only imported the code: threads of numerical libraries do not
survive the fork of a process that has used them.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any, NamedTuple
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


class Line(NamedTuple):
    """The nth line that is run of files whose paths have one of these pieces."""

    files: tuple[str, ...]
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
    return _is_killed(place, _drive, (place, house, run_id, at))


def part_dies_at(place: Place, house: House, cycle_id: int, number: int, at: datetime) -> bool:
    """The same for a worker on one part of a cycle."""
    return _is_killed(place, _work_on_part, (place, house, cycle_id, number, at))


def sending_dies_at(place: Place, house: House, at: datetime) -> bool:
    """The same for a worker that sends what is due."""
    return _is_killed(place, _send, (place, house, at))


def call_dies_at(
    place: Place | Line, house: House, module: str, name: str, *given: Any, **named: Any
) -> bool:
    """The same for a worker that calls a function of ours."""
    return _is_killed(place, _call, (place, house, module, name, given, named))


@contextmanager
def serving(place: Place, house: House) -> Iterator[int]:
    """A web server at the port that is given; it gets SIGKILL at a place, or when the block ends."""
    ours, theirs = _server.Pipe()
    process = _server.Process(target=_serve, args=(place, house, theirs))
    process.start()
    try:
        if not ours.poll(60):
            raise AssertionError("a server does not come up")
        yield ours.recv()
    finally:
        process.kill()
        process.join(20)


def _is_killed(place: Place | Line, work: Callable[..., None], given: tuple[Any, ...]) -> bool:
    process = _server.Process(target=work, args=given)
    process.start()
    process.join(120)
    if process.is_alive():
        process.kill()
        raise AssertionError(f"a worker hangs on its way to {place}")
    return process.exitcode == -signal.SIGKILL


def _drive(place: Place, house: House, run_id: UUID, at: datetime) -> None:
    from django.conf import settings

    from inventory.feeds.files.limits import Limits
    from inventory.services import imports

    settings.MEDIA_ROOT = house.media
    Limits.__init__.__defaults__ = smaller(Limits, house.block)
    with _at_home(house, place):
        while imports.drive(run_id, at=at):
            pass


def _work_on_part(place: Place, house: House, cycle_id: int, number: int, at: datetime) -> None:
    from vyapar.engine.services import work_on_part

    with _at_home(house, place):
        work_on_part(cycle_id, number, at=at)


def _send(place: Place, house: House, at: datetime) -> None:
    from vyapar.messaging.services import claim_due, send

    with _at_home(house, place):
        send(claim_due(at), at=at)


def _call(
    place: Place | Line, house: House, module: str, name: str, given: tuple[Any, ...], named: dict[str, Any]
) -> None:
    from django.conf import settings

    if house.media:
        settings.MEDIA_ROOT = house.media
    work = getattr(import_module(module), name)
    with _at_home(house, place):
        work(*given, **named)


def _serve(place: Place, house: House, told: Connection) -> None:
    from wsgiref.simple_server import make_server

    from vyapar.wsgi import application

    with make_server("127.0.0.1", 0, application) as server, _at_home(house, place):
        told.send(server.server_port)
        server.serve_forever()


@contextmanager
def _at_home(house: House, place: Place | Line) -> Iterator[None]:
    from django.db import connection
    from django_tenants.utils import schema_context

    connection.settings_dict["NAME"] = house.database
    sys.settrace(_killer(place))
    with schema_context(house.schema):
        yield


def _killer(place: Place | Line):
    if isinstance(place, Line):
        return _line_killer(place)
    calls = 0

    def trace(frame, event, _argument):
        nonlocal calls
        code = frame.f_code
        if event == "call" and code.co_name == place.name and code.co_filename.endswith(place.file):
            calls += 1
            if calls == place.nth:
                os.kill(os.getpid(), signal.SIGKILL)

    return trace


def _line_killer(place: Line):
    lines = 0

    def trace(frame, event, _argument):
        nonlocal lines
        if not any(piece in frame.f_code.co_filename for piece in place.files):
            return None
        if event == "line":
            lines += 1
            if lines == place.nth:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    return trace


def smaller(limits: type, block: int) -> tuple:
    """The defaults of the reader's limits with parcels of so many bytes."""
    from dataclasses import fields

    return tuple(block if one.name == "block" else one.default for one in fields(limits))
