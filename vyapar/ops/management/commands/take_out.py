"""`manage.py take_out`: everything a distributor owns, in one file on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django_tenants.utils import tenant_context

from vyapar.engine.services import append_audit
from vyapar.kernel.actor import system
from vyapar.ops.takeout.pack import take_out
from vyapar.tenancy.selectors import list_distributors


class Command(BaseCommand):
    help = "Packs every table and file of a distributor into a zip, without passwords and secrets."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--distributor", required=True, help="its slug")
        parser.add_argument("--to", required=True, type=Path, help="the zip to write")

    def handle(self, *args: Any, **options: Any) -> None:
        slug, to = options["distributor"], options["to"]
        found = [one for one in list_distributors() if one.slug == slug]
        if not found:
            raise CommandError(f"there is no distributor {slug!r}")
        if not to.parent.is_dir():
            raise CommandError(f"there is no folder {to.parent}")
        with tenant_context(found[0]):
            taken = take_out(to, at=timezone.now(), tell=self._tell)
            append_audit(
                actor=system("command-line"),
                verb="TakeoutMade",
                subject=f"takeout:{to.name}",
                at=timezone.now(),
                after={"rows": taken.rows, "files": len(taken.parts), "breaks": len(taken.chain_breaks)},
            )
        self.stdout.write(f"{to}: {len(taken.parts)} files, {taken.rows} rows")
        if taken.chain_breaks:
            raise CommandError("the trail is broken: " + " · ".join(taken.chain_breaks))
        self.stdout.write(f"trail: {taken.chain_entries} entries, unbroken")

    def _tell(self, done: int, total: int, what: str) -> None:
        if what and self.stdout.isatty():
            self.stdout.write(f"{done}/{total} {what}", ending="\r")
