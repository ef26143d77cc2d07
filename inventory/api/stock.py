"""Doors of the inventory: current stock, sales in, what a retailer bought, the distributor itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
import polars as pl
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from inventory import services
from inventory.models import StockItem
from inventory.selectors.items import ItemFilter, list_stock_items
from inventory.selectors.outlets import list_contacts
from inventory.selectors.sales import get_firm, get_retailer, list_sales
from inventory.serializers import (
    DistributorOut,
    InventoryPage,
    RetailerPage,
    SalesIn,
    SalesPage,
    SalesReport,
    item_out,
    report_out,
    sale_out,
)
from inventory.services.sale_lines import API_NAMES, frame_of_records
from vyapar.engine import registry
from vyapar.engine.api import read_text
from vyapar.engine.rulebook import business_rules
from vyapar.engine.selectors import get_policy
from vyapar.gateway.parsers import NdjsonParser
from vyapar.gateway.views import ApiView, next_cursor, read_cursor, read_instant, read_limit
from vyapar.kernel.errors import Fault, Invalid
from vyapar.people.contracts import May
from vyapar.tenancy.selectors import current_distributor

#: Lines of one batch at most, and how large its body may be.
MOST_LINES, MOST_BYTES = 50_000, 48 * 1024 * 1024
#: How far back a sales history goes unless `since` says otherwise.
HISTORY = timedelta(days=365)

_LIMIT = OpenApiParameter("limit", int, description="1 to 1000")
_CURSOR = OpenApiParameter("cursor", str)


class CurrentInventory(ApiView):
    """Stock of every SKU in every territory, with its score and status."""

    @extend_schema(
        operation_id="getCurrentInventory",
        parameters=[
            OpenApiParameter("sku", str),
            OpenApiParameter("territory", str),
            OpenApiParameter("status", str, enum=StockItem.Status.values),
            _LIMIT,
            _CURSOR,
            OpenApiParameter("updated_since", datetime),
        ],
        responses=InventoryPage,
    )
    def get(self, request: Request) -> Response:
        page = list_stock_items(
            _chosen(request),
            order="changes",
            cursor=read_text(request, "cursor"),
            limit=read_limit(request),
        )
        slug = current_distributor().slug
        return Response(
            {
                "results": [item_out(row, slug) for row in page.items],
                "nextCursor": page.next_cursor or None,
            }
        )


def _chosen(request: Request) -> ItemFilter:
    given = {name: read_text(request, name) for name in _NARROW}
    if given["status"] and given["status"] not in StockItem.Status.values:
        raise bad_query("status", "one of " + ", ".join(StockItem.Status.values), given["status"])
    chosen = {_NARROW[name]: (value,) for name, value in given.items() if value}
    return ItemFilter(**chosen, updated_since=read_instant(request, "updated_since"))  # type: ignore[arg-type]


_NARROW = {"sku": "skus", "territory": "territories", "status": "statuses"}


def bad_query(field: str, message: str, value: str) -> Invalid:
    """The refusal of one parameter of the query."""
    fault = Fault("bad_query", message, field, value=value[:80])
    return Invalid(f"{field} is not right", code="bad_query", faults=[fault])


# --- sales in ------------------------------------------------------------------------------


class TooLarge(Invalid):
    """More than one call may carry."""

    status = 413


class SalesFrame:
    """A body read straight into columns, without an object per row."""

    def __init__(self, lines: pl.DataFrame) -> None:
        self.lines = lines


class _Whole(BaseParser):
    """Reads a body of sales into a frame; what cannot be read at all is refused as a whole."""

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read()
        if len(body) > MOST_BYTES:
            raise TooLarge(f"send at most {MOST_BYTES >> 20} MiB in a body", code="too_large")
        if b"\\u0000" in body or b"\x00" in body:
            raise Invalid("the body holds NUL characters, which no text may", code="not_text")
        return SalesFrame(self.read(body))

    def read(self, body: bytes) -> pl.DataFrame:
        raise NotImplementedError


class SalesJson(_Whole):
    """`{"transactions": […]}` or a bare list."""

    media_type = "application/json"

    def read(self, body: bytes) -> pl.DataFrame:
        found = _WRAPPED.match(body)
        frame = _columns(found.group(1) if found else body)
        return frame if frame is not None else _records(_loads(body))


class SalesLines(_Whole):
    """A sale a line."""

    media_type = "application/x-ndjson"

    def read(self, body: bytes) -> pl.DataFrame:
        lines = [line for line in body.splitlines() if line.strip()]
        frame = _columns(b"[" + b",".join(lines) + b"]")
        return frame if frame is not None else _records(NdjsonParser().parse(_Bytes(body)))


class _Bytes:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def read(self) -> bytes:
        return self._body


_WRAPPED = re.compile(rb'\s*\{\s*"transactions"\s*:\s*(\[.*\])\s*\}\s*\Z', re.DOTALL)
_BACK = {api: name for name, api in API_NAMES.items() if name != "unit_price_paise"}


def _columns(body: bytes) -> pl.DataFrame | None:
    """A JSON array of like objects as columns; None when it must be read object by object.

    The whole body says what the columns are: rows after the first hundred may have decimals too.
    """
    if not body.lstrip().startswith(b"["):
        return None
    try:
        frame = pl.read_json(body, infer_schema_length=None)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    wide = any(kind == pl.Int128 for kind in frame.schema.values())
    if wide or frame.is_empty():
        return None
    return frame.select(pl.col(name).alias(_BACK[name]) for name in frame.columns if name in _BACK)


def _records(value: Any) -> pl.DataFrame:
    rows = value.get("transactions") if isinstance(value, dict) else value
    if not isinstance(rows, list):
        fault = Fault("required", "a list of sales", "transactions")
        raise Invalid("write a list of sales under transactions", code="no_sales", faults=[fault])
    strange = [n for n, row in enumerate(rows, 1) if not isinstance(row, dict)]
    if strange:
        faults = [Fault("not_an_object", "a sale is an object", "", row) for row in strange[:100]]
        raise Invalid("some sales are not objects", code="not_an_object", faults=faults)
    return frame_of_records([{_BACK[name]: row.get(name) for name in _BACK} for row in rows])


def _loads(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        fault = Fault("not_json", str(error), value=body[:60].decode("utf-8", "replace"))
        raise Invalid("the body is not JSON", code="not_json", faults=[fault]) from error


_SALE = {
    "transactionId": "INV-2026-104233",
    "line": 1,
    "retailerId": "R00017",
    "sku": "BIS-00042",
    "quantity": 24,
    "unitPrice": "18.50",
    "timestamp": "2026-11-23T10:15:00+05:30",
    "territory": "MUM",
    "gstDetails": {"rate": 5, "taxableValue": "422.86", "hsn": "1905"},
}


class RetailerList(ApiView):
    """Active retailers by id."""

    @extend_schema(operation_id="listRetailers", parameters=[_LIMIT, _CURSOR], responses=RetailerPage)
    def get(self, request: Request) -> Response:
        after, limit = read_text(request, "cursor"), read_limit(request)
        page = list_contacts(after=after, limit=limit + 1)
        return Response(
            {
                "results": [
                    {
                        "retailerId": one.retailer_id,
                        "name": one.name,
                        "territory": one.territory,
                        "language": one.language,
                        "channels": list(one.channels),
                    }
                    for one in page[:limit]
                ],
                "nextCursor": page[limit - 1].retailer_id if len(page) > limit else None,
            }
        )


class SalesBatch(ApiView):
    """Sales in: whatever part of the batch is good is recorded, the rest is told row by row."""

    needs = May.FEED
    parser_classes = [SalesJson, SalesLines]

    @extend_schema(
        operation_id="sendSales",
        request={"application/json": SalesIn, "application/x-ndjson": OpenApiTypes.STR},
        responses={
            200: OpenApiResponse(SalesReport, "every line is recorded, now or before"),
            207: OpenApiResponse(SalesReport, "some lines are rejected; the others are recorded"),
            (413, "application/problem+json"): OpenApiResponse(
                OpenApiTypes.OBJECT, "more than one call may carry: split the batch"
            ),
        },
        examples=[
            OpenApiExample("two lines of an invoice", request_only=True, value={"transactions": [_SALE]}),
            OpenApiExample(
                "all recorded",
                response_only=True,
                status_codes=["200"],
                value={"accepted": 1, "duplicates": 0, "rejected": []},
            ),
            OpenApiExample(
                "one rejected",
                response_only=True,
                status_codes=["207"],
                value={
                    "accepted": 1,
                    "duplicates": 0,
                    "rejected": [
                        {
                            "row": 2,
                            "field": "sku",
                            "code": "unknown_sku",
                            "message": "no SKU has this code",
                            "value": "X1",
                        }
                    ],
                },
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        sales = request.data
        if not isinstance(sales, SalesFrame):
            raise Invalid("send sales as JSON or NDJSON", code="no_sales")
        if sales.lines.height > MOST_LINES:
            message = f"send at most {MOST_LINES} lines in a batch; split it, the order does not matter"
            raise TooLarge(message, code="too_many_lines")
        report = services.ingest_sales(
            sales.lines, actor=self.actor, at=timezone.now(), source=self.actor.ref
        )
        return Response(report_out(report), status=207 if report.rejected else 200)


# --- history and the firm ------------------------------------------------------------------


class SalesHistory(ApiView):
    """What a retailer bought, line by line."""

    @extend_schema(
        operation_id="getSalesHistory",
        parameters=[
            OpenApiParameter("since", datetime, description="from this instant on; a year back otherwise"),
            _LIMIT,
            _CURSOR,
        ],
        responses=SalesPage,
    )
    def get(self, request: Request, retailer_id: str) -> Response:
        retailer = get_retailer(retailer_id)
        since = read_instant(request, "since") or timezone.now() - HISTORY
        limit, cursor = read_limit(request), read_cursor(request)
        after = _line_after(cursor) if cursor else None
        lines = list_sales(retailer, since, after, limit + 1)
        last = lines[limit - 1] if len(lines) > limit else None
        return Response(
            {
                "results": [sale_out(line) for line in lines[:limit]],
                "nextCursor": next_cursor([last.sold_at.isoformat(), last.transaction_id, last.line])
                if last
                else None,
            }
        )


def _line_after(cursor: list[Any]) -> tuple[datetime, str, int]:
    try:
        at, transaction, line = datetime.fromisoformat(cursor[0]), cursor[1], cursor[2]
    except (ValueError, IndexError, TypeError) as error:
        raise bad_query("cursor", "a cursor from an earlier answer", str(cursor)) from error
    known = isinstance(transaction, str) and isinstance(line, int) and "\x00" not in transaction
    if not known or at.tzinfo is None or not -(2**31) <= line < 2**31:
        raise bad_query("cursor", "a cursor from an earlier answer", str(cursor))
    return at, transaction, line


class DistributorDoor(ApiView):
    """The distributor: territories, GSTINs, retailers, business rules."""

    @extend_schema(operation_id="getDistributor", responses=DistributorOut)
    def get(self, request: Request) -> Response:
        distributor, firm = current_distributor(), get_firm()
        policies = {spec.name: get_policy(spec.name)[0] for spec in registry.agents()}
        return Response(
            {
                "distributorId": distributor.slug,
                "name": distributor.name,
                "territories": list(firm.territories),
                "retailerCount": firm.retailers,
                "gstNumber": next(iter(firm.gstins), ""),
                "gstNumbers": list(firm.gstins),
                "businessRules": business_rules(policies),
            }
        )
