"""How files of distributors are kept: each in its distributor's folder, and whole or not at all."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import default_storage
from django_tenants.files.storage import TenantFileSystemStorage

from vyapar.kernel.room import is_no_room, no_room

#: Drafts that are older than this belong to nobody who is still writing.
ABANDONED = timedelta(days=1)
#: How often a distributor's folder is walked for them.
SWEEP_SECONDS = 6 * 3_600
_DRAFT = re.compile(r"\.[0-9a-f]{32}\.part")


class WholeFileStorage(TenantFileSystemStorage):  # type: ignore[misc]  # it has no types
    """A file gets its name when all of it is written.

    A disk that fills up, or a process that is killed, leaves nothing under the name that others look
    for; the former raises `Unavailable` with code `disk_full`.
    """

    @property
    def relative_media_root(self) -> str:
        """Where the distributors' folders stand; read each time, as the parent keeps the first it saw."""
        return os.path.join(settings.MEDIA_ROOT, settings.MULTITENANT_RELATIVE_MEDIA_ROOT)

    def _save(self, name: str, content: Any) -> str:
        draft = str(PurePosixPath(name).with_name(f".{uuid4().hex}.part"))
        try:
            super()._save(draft, content)
            return self._name(draft, name)
        except OSError as error:
            if is_no_room(error):
                raise no_room() from error
            raise
        finally:
            with suppress(FileNotFoundError):
                os.unlink(self.path(draft))

    def _name(self, draft: str, name: str) -> str:
        """Give a written file its name, or another one where somebody was faster; the name it got."""
        while True:
            try:
                os.link(self.path(draft), self.path(name))
            except FileExistsError:
                name = self.get_available_name(name)
            else:
                return name.replace("\\", "/")


def tend_drafts(at: datetime) -> None:
    """Now and then remove what killed processes left half written in the distributor's folder."""
    if cache.add("media:drafts-swept", at.isoformat(), SWEEP_SECONDS):
        sweep_drafts(Path(default_storage.path("")), at)


def sweep_drafts(folder: Path, at: datetime) -> int:
    """Remove abandoned drafts under a folder; how many went. Every other file stays, whatever its name."""
    count, oldest = 0, (at - ABANDONED).timestamp()
    for place, _folders, names in os.walk(folder):
        for name in filter(_DRAFT.fullmatch, names):
            draft = Path(place, name)
            with suppress(FileNotFoundError):  # somebody else sweeps, or the writer is done after all
                if draft.stat().st_mtime < oldest:
                    draft.unlink()
                    count += 1
    return count
