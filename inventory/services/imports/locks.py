"""The rows of a run, locked while they change."""

from __future__ import annotations

from uuid import UUID

from inventory.models import ImportRun
from vyapar.kernel.errors import NotFound
from vyapar.kernel.phrases import phrase as _


def lock_run(run_id: UUID) -> ImportRun:
    """The run's row, locked until the transaction ends. Raises `NotFound`."""
    rows = ImportRun.objects.select_for_update(of=("self",)).select_related("feed")
    found = rows.filter(pk=run_id).first()
    if found is None:
        raise NotFound(_("there is no such import"), code="no_such_import")
    return found
