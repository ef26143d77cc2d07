"""How files of distributors are kept: each in its distributor's folder, and whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any
from uuid import uuid4

from django.conf import settings
from django_tenants.files.storage import TenantFileSystemStorage

from vyapar.kernel.room import is_no_room, no_room


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
