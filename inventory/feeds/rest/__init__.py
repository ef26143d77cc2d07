"""Any REST interface that settings can describe: pulled page by page, told of decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from django.utils.translation import gettext_lazy as _

from inventory.contracts.feeds import Source
from inventory.feeds.files import open_file
from inventory.feeds.rest.client import client_of
from inventory.feeds.rest.exporting import EXPORTS, push
from inventory.feeds.rest.fetch import fetch, keep_last
from inventory.feeds.rest.paging import pages
from inventory.feeds.rest.recipe import find, read_recipe
from inventory.feeds.system import Access, System, has_address
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as gettext

__all__ = ["SYSTEM"]


def open_rows(path: Path, options: Mapping[str, Any]) -> Source:
    """Rows that a pull left, read by the feed's profile like a file of JSON lines."""
    return open_file(path, {**options, "name": "rows.ndjson"})


def check(access: Access) -> str:
    """Asks for the first page and tells how many rows it had, and their columns."""
    recipe = read_recipe(access.settings)
    with client_of(access) as client:
        page, _after = next(iter(pages(client, recipe, {}, {})))
    columns = ", ".join(list(page.rows[0])[:12]) if page.rows else ""
    return f"{len(page.rows)} rows: {columns}"[:200]


def gather(access: Access, bodies: Sequence[bytes], path: Path) -> None:
    """Rows of bodies that were sent to us. Setting `event_rows` says where they stand in a body."""
    where = str(access.settings.get("event_rows") or "")
    with path.open("wb") as file:
        for number, body in enumerate(bodies, 1):
            for row in _rows(body, where, number):
                file.write(orjson.dumps(row) + b"\n")
    if row_key := str(access.settings.get("row_key") or ""):
        keep_last(path, row_key)


def _rows(body: bytes, where: str, number: int) -> list[dict[str, Any]]:
    try:
        found = find(where, orjson.loads(body))
    except orjson.JSONDecodeError:
        found = None
    rows = found if isinstance(found, list) else [found]
    if not rows or not all(isinstance(row, dict) for row in rows):
        message = (
            gettext("the body has no rows at %(where)s", where=where)
            if where
            else gettext("send rows as JSON objects")
        )
        raise Invalid(message, code="no_rows", faults=[Fault("no_rows", message, "event_rows", number)])
    return rows


SYSTEM = System(
    code="rest",
    label=_("REST interface"),
    open=open_rows,
    fetch=fetch,
    check=check,
    gather=gather,
    push=push,
    pushes=lambda settings: has_address(settings) and bool(settings.get("push_path")),
    exports=EXPORTS,
)
