"""A pull: what changed since the cursor, with what belongs to it, into one file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from inventory.feeds.erpnext.client import Document, ErpnextClient, client_of
from inventory.feeds.erpnext.doctypes import ADDRESS, BUNDLE, Child, Plan, plans
from inventory.feeds.erpnext.doctypes import price_lists as price_lists_of
from inventory.feeds.erpnext.spool import Spool
from inventory.feeds.erpnext.walk import Position, pages
from inventory.feeds.system import Access, Fetched
from vyapar.kernel.calendar import IST
from vyapar.kernel.errors import Rejected, Unavailable

#: Documents a page, and documents a pull at most; a pull that is full is followed by another.
PAGE, MOST = 100, 20_000
#: Names in one filter.
_NAMES = 100
_FIRST_DAY = date(2000, 1, 1).isoformat()
_BALANCES = "Batch-Wise Balance History"


def fetch(access: Access, cursor: Mapping[str, Any], folder: Path) -> Fetched:
    """Pull what is new. The cursor holds a position for each DocType.

    When the far side breaks off, what is complete up to there is kept and `error` says why; an error
    before the first document is raised.
    """
    kept = {name: dict(value) for name, value in cursor.items() if isinstance(value, Mapping)}
    settings = access.settings
    most, size = int(settings.get("most") or MOST), int(settings.get("page") or PAGE)
    with client_of(access) as client:
        spool = Spool(folder / f"erpnext-{access.code}.ndjson", settings, cursor)
        error: Unavailable | None = None
        full = False
        try:
            for plan in plans(settings, client.versions()):
                full = _pull(client, plan, kept, spool, settings, most=most, size=size)
                if full:
                    break
        except Unavailable as failure:
            if not spool.documents:
                raise
            error = failure
        finally:
            spool.close()
        files = (spool.path,) if spool.documents else ()
        return Fetched(
            files, kept, complete=not full and error is None, simulated=client.simulated, error=error
        )


def _pull(
    client: ErpnextClient, plan: Plan, kept: dict[str, Any], spool: Spool, settings: Mapping[str, Any],
    *, most: int, size: int,
) -> bool:  # fmt: skip
    """One DocType, up to the bound of the pull; True when the bound is reached."""
    position = Position.read(kept.get(plan.doctype))
    enrich = _Enricher(client, settings)
    for page in pages(client, plan, position, size):
        enrich.whole(plan, page)
        spool.add(plan.doctype, page)
        position.move(page)
        kept[plan.doctype] = position.keep()
        if spool.documents >= most:
            return True
    return False


class _Enricher:
    """Puts beside documents what belongs to them: tables, addresses, prices, stock by batch."""

    def __init__(self, client: ErpnextClient, settings: Mapping[str, Any]) -> None:
        self._client, self._settings = client, settings
        self._balances: dict[str, dict[str, list[Document]]] = {}  # warehouse -> item -> batches
        self._lists = sorted(set(price_lists_of(settings).values()))

    def whole(self, plan: Plan, page: list[Document]) -> None:
        for child in plan.children:
            self._beside(child, page)
        for document in page:
            for line in document.get("items") or ():
                line.setdefault("batches", [])
        more: dict[str, Callable[[list[Document]], None]] = {
            "Customer": self._addresses, "Batch": self._prices, "Bin": self._stock,
        }  # fmt: skip
        if plan.doctype in more:
            more[plan.doctype](page)
        if any("serial_and_batch_bundle" in child.fields for child in plan.children):
            self._bundles(page)

    def _beside(self, child: Child, page: list[Document]) -> None:
        rows = self._rows(child, [str(one["name"]) for one in page])
        for document in page:
            document[child.key] = rows.get(str(document["name"]), [])

    def _rows(self, child: Child, names: Iterable[str]) -> dict[str, list[Document]]:
        """Rows by the document they belong to."""
        found: dict[str, list[Document]] = {}
        for some in _slices(sorted({name for name in names if name})):
            listed = self._client.list_children(
                child.doctype, child.parent, child.fields, some, link=child.link
            )
            for row in listed:
                found.setdefault(str(row.get(child.link)), []).append(row)
        return found

    def _addresses(self, page: list[Document]) -> None:
        names = [str(one.get("customer_primary_address") or "") for one in page]
        rows = self._rows(Child("address", "Address", ADDRESS, link="name"), names)
        for document, name in zip(page, names, strict=True):
            document["address"] = next(iter(rows.get(name, ())), {})

    def _prices(self, page: list[Document]) -> None:
        """Prices of the items of batches, for those whose MRP stands on no field of the batch."""
        child = Child("prices", "Item Price", ("name", "item_code", "price_list", "price_list_rate", "uom",
                                               "batch_no", "valid_from"), link="item_code")  # fmt: skip
        names = [str(one.get("item") or "") for one in page]
        rows = self._rows(child, names)
        for document, name in zip(page, names, strict=True):
            document["prices"] = rows.get(name, [])

    def _bundles(self, page: list[Document]) -> None:
        lines = [line for document in page for line in document.get("items") or ()]
        rows = self._rows(BUNDLE, (str(line.get("serial_and_batch_bundle") or "") for line in lines))
        for line in lines:
            line["batches"] = rows.get(str(line.get("serial_and_batch_bundle") or ""), [])

    def _stock(self, page: list[Document]) -> None:
        for document in page:
            place, item = str(document["warehouse"]), str(document["item_code"])
            if place not in self._balances:
                self._balances[place] = self._read_balances(place)
            document["batches"] = self._balances[place].get(item, [])
            now = self._client.served_at
            document["as_of"] = now.astimezone(IST).isoformat() if now else ""

    def _read_balances(self, warehouse: str) -> dict[str, list[Document]]:
        """What the batches of a warehouse hold; nothing where the site has no such report for us."""
        served = self._client.served_at or datetime.now(IST)
        today = (served.astimezone(IST) + timedelta(days=1)).date().isoformat()
        filters = {"from_date": _FIRST_DAY, "to_date": today, "warehouse": warehouse}
        if company := self._settings.get("company"):
            filters["company"] = company
        try:
            report = self._client.run_report(_BALANCES, filters)
        except Rejected:
            return {}
        found: dict[str, list[Document]] = {}
        for row in _report_rows(report):
            if row.get("warehouse") == warehouse and row.get("batch"):
                entry = {"batch_no": row["batch"], "qty": row.get("balance_qty")}
                found.setdefault(str(row.get("item")), []).append(entry)
        return found


def _report_rows(report: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """A report's rows by the names of its columns, whichever of its two forms they come in."""
    names = [_column(column) for column in report.get("columns") or ()]
    for row in report.get("result") or ():
        if isinstance(row, list) and len(row) == len(names):
            yield dict(zip(names, row, strict=True))
        elif isinstance(row, dict):
            yield {_column(key): value for key, value in row.items()}


def _column(column: Any) -> str:
    label = column.get("label") or column.get("fieldname") if isinstance(column, dict) else column
    return str(label or "").partition(":")[0].strip().lower().replace(" ", "_")


def _slices(names: Sequence[str]) -> Iterable[Sequence[str]]:
    return (names[start : start + _NAMES] for start in range(0, len(names), _NAMES))
