"""A run's file opened by its system as a source."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from inventory.contracts.feeds import Source
from inventory.feeds import SYSTEMS
from inventory.models import ImportRun
from inventory.services.imports.storage import local_file
from vyapar.kernel.errors import Misconfigured
from vyapar.kernel.phrases import phrase as _


@contextmanager
def opened(run: ImportRun) -> Iterator[Source]:
    """The run's source, as its feed's system reads it with the run's options and profile.

    Raises `Invalid` when it cannot be read, `NotFound` when the file is gone, `Misconfigured` when the
    system is not there.
    """
    system = SYSTEMS.get(run.feed.system)
    if system is None or system.open is None:
        raise Misconfigured(
            _("no package reads files of %(system)s", system=run.feed.system), code="no_system"
        )
    with local_file(run.file) as path:
        yield system.open(path, options_of(run))


def options_of(run: ImportRun) -> dict[str, Any]:
    """What the system's `open` is told: what the feed always says, and what this run says otherwise."""
    told = dict(run.feed.settings)
    told |= {key: value for key, value in run.options.items() if value not in ("", None)}
    if run.profile is not None:
        told["profile"] = run.profile.spec
    return told
