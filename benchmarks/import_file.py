"""A CSV of a million lines through the whole import: check, write, reconcile.

    bin/bench import_file          (VYAPAR_BENCH_LINES: another number of lines)

Two years of the demonstration's sales, each several times over, in order of time, into an empty sales
table of a distributor with its masters and stock. A process of its own drives the run as the worker does,
step by step, and says how much memory it took at most. Reconciled means that pieces and rupees of every
SKU and territory in the file are what the tables hold.

`copy`: the same lines as binary COPY into the same table with its indexes and months, encoded before the
clock starts, committed every 100,000 lines with fsync; nothing else.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks._children import ROOT
from benchmarks._sales import COPY, DAY, distributor, encoded, history, prepare
from benchmarks._web import loads

LINES = int(os.environ.get("VYAPAR_BENCH_LINES", 1_000_000))
GOAL_MB = 600
#: Lines encoded at a time for COPY.
_PIECE = 100_000


def run() -> dict[str, Any]:
    """Lines per second of the import, against COPY; the most memory it took."""
    with distributor("bench-import") as one, tempfile.TemporaryDirectory() as folder:
        prepare(DAY, present=0)
        before = loads()
        copied = copy_seconds()
        path = Path(folder) / "sales.csv"
        history(LINES).write_csv(path)
        run_id = open_run(path)
        told = drive_apart(one.slug, run_id)
        return {
            "name": "import_file",
            "value": round(LINES / told["seconds"]),
            "unit": "lines/s",
            "ratio": round(copied / told["seconds"], 3),
            "against": "binary COPY of the same lines into the same table with its indexes",
            "goal": GOAL_MB,
            "met": told["peak_mb"] < GOAL_MB and told["state"] == "reconciled",
            "peak_mb": told["peak_mb"],
            "state": told["state"],
            "seconds": {"copy": round(copied, 1), "import": round(told["seconds"], 1), **told["parts"]},
            "lines": LINES,
            "megabytes": path.stat().st_size >> 20,
            "load": [before, loads()],
        }


def copy_seconds() -> float:
    """Seconds of COPY and commit; the rows are taken out again."""
    from django.db import connection, transaction

    from inventory.services import ensure_sale_partitions

    sales = history(LINES)
    days = sales["timestamp"].str.slice(0, 10).str.to_date()
    ensure_sale_partitions(days.min(), days.max())  # type: ignore[arg-type]
    pieces = [encoded(sales.slice(start, _PIECE)) for start in range(0, LINES, _PIECE)]
    took = 0.0
    for piece in pieces:
        start = time.perf_counter()
        with transaction.atomic(), connection.cursor() as cursor, cursor.copy(COPY) as pipe:
            pipe.write(piece)
        took += time.perf_counter() - start
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE inventory_sale")
    return took


def open_run(path: Path) -> UUID:
    """The file handed over, to be written without a click."""
    from django.utils import timezone

    from inventory.services import ensure_feed, open_run
    from vyapar.kernel.actor import system

    actor, at = system("bench"), timezone.now()
    feed = ensure_feed(code="bench", name="Bench", system="files", actor=actor, at=at)
    options = {"kind": "sales", "write": True}
    return open_run(feed=feed, content=path, title=path.name, options=options, actor=actor, at=at).pk


def drive_apart(slug: str, run_id: UUID) -> dict[str, Any]:
    """What a process of its own says that drives the run."""
    words = [sys.executable, "-m", "benchmarks.import_file", slug, str(run_id)]
    told = {**os.environ, "PYTHONPATH": str(ROOT)}
    said = subprocess.run(words, cwd=ROOT, env=told, check=True, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(said.stdout.splitlines()[-1])
    return found


def drive(slug: str, run_id: UUID) -> dict[str, Any]:
    """Drive a run to its end: seconds, by part, and the peak of this process's memory."""
    import django

    django.setup()
    from django.utils import timezone
    from django_tenants.utils import tenant_context

    from inventory.models import ImportRun
    from inventory.services.imports import drive as step
    from vyapar.tenancy.models import Distributor

    with tenant_context(Distributor.objects.get(slug=slug)):
        marks = [time.perf_counter()]
        step(run_id, at=timezone.now(), clock=timezone.now)  # the check
        marks.append(time.perf_counter())
        while step(run_id, at=timezone.now(), clock=timezone.now):
            pass
        marks.append(time.perf_counter())
        found = ImportRun.objects.get(pk=run_id)
    return {
        "seconds": marks[-1] - marks[0],
        "parts": {
            "check": round(marks[1] - marks[0], 1),
            "write_and_reconcile": round(marks[2] - marks[1], 1),
        },
        "peak_mb": _peak_mb(),
        "state": found.state,
        "rows": found.rows_read,
        "error": found.error,
    }


def _peak_mb() -> int:
    """The most memory this process held; what its parent held does not count, as it would in getrusage."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) >> 10


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(drive(sys.argv[1], UUID(sys.argv[2]))))
    else:
        print(json.dumps(run()))
