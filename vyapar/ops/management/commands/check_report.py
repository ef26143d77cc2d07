"""`manage.py check_report`: one JSON object that says what the agents of every distributor have done."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone
from django_tenants.utils import tenant_context

from vyapar.engine import registry
from vyapar.engine.selectors import verify_audit
from vyapar.kernel.digest import plain
from vyapar.tenancy.selectors import list_distributors


class Command(BaseCommand):
    help = "Prints counts, rupees, actions, documents, events, durations and errors as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="accepted for clarity; it is always JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        reports = {}
        for distributor in list_distributors():
            with tenant_context(distributor):
                reports[distributor.slug] = self._report()
        errors = [f"{slug}: {e}" for slug, r in reports.items() for e in r["errors"]]
        missing = {slug: r["waiting_for"] for slug, r in reports.items() if r["waiting_for"]}
        report = {
            "complete": bool(reports) and not missing,
            "waiting_for": missing,
            "errors": errors,
            "at": timezone.now().isoformat(),
            "distributors": reports,
        }
        self.stdout.write(json.dumps(report, ensure_ascii=False, default=str))

    def _report(self) -> dict[str, Any]:
        figures = {tally.name: plain(tally.read()) for tally in registry.tallies()}
        cycles = figures.get("cycles", {})
        waiting = [spec.name for spec in registry.agents() if not cycles.get(spec.name, {}).get("done")]
        actions = figures.get("actions", {})
        if not any(states.get("executed") for states in actions.values()):
            waiting.append("an executed action")
        letters = figures.get("deliveries", {}).get("dead", 0)
        entries, breaks = verify_audit()
        errors = [f"agent {a}: {c['error']}" for a, c in cycles.items() if c.get("error")]
        errors += [f"{letters} dead letters"] if letters else []
        return {
            **figures,
            "audit": {"entries": entries, "breaks": breaks},
            "waiting_for": waiting,
            "errors": errors + breaks,
        }
