"""Keeping the calls of the API."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import DatabaseError

from vyapar.gateway.models import ApiCall

log = structlog.get_logger(__name__)


def record_call(
    *,
    at: datetime,
    request_id: str,
    method: str,
    route: str,
    query: str,
    status: int,
    code: str,
    duration_ms: int,
    caller: str,
    caller_name: str,
    network: str,
    bytes_in: int,
    bytes_out: int,
    rows_in: int,
    rows_out: int,
    replayed: bool,
) -> None:
    """One row for one call, in one statement. A call that cannot be kept is not undone: it is logged."""
    row = ApiCall(
        at=at,
        request_id=request_id,
        method=method[:8],
        route=route[:200],
        query=query[:300],
        status=status,
        code=code[:64],
        duration_ms=duration_ms,
        caller=caller[:80],
        caller_name=caller_name[:160],
        network=network,
        bytes_in=bytes_in,
        bytes_out=bytes_out,
        rows_in=rows_in,
        rows_out=rows_out,
        replayed=replayed,
    )
    try:
        row.save(force_insert=True)
    except DatabaseError as error:
        log.warning("call_not_kept", route=route, status=status, error=str(error)[:200])
