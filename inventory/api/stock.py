"""Doors of the inventory: current stock, what a retailer bought, the distributor itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from inventory.contracts import TradeChannel
from inventory.models import StockItem
from inventory.selectors.items import ItemFilter, list_stock_items
from inventory.selectors.outlets import list_contacts
from inventory.selectors.sales import get_firm, get_retailer, list_sales
from inventory.selectors.sku import get_sku
from inventory.serializers import (
    DistributorOut,
    InventoryPage,
    RetailerPage,
    SalesPage,
    SkuHistoryOut,
    history_out,
    item_out,
    sale_out,
)
from vyapar.engine import registry
from vyapar.engine.api import check_text, read_text
from vyapar.engine.rulebook import business_rules
from vyapar.engine.selectors import get_policy
from vyapar.gateway.views import ApiView, bad_query, next_cursor, read_cursor, read_instant, read_limit
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.phrases import phrase as _
from vyapar.tenancy.selectors import current_distributor

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
        raise bad_query(
            "status", _("one of %(known)s", known=", ".join(StockItem.Status.values)), given["status"]
        )
    chosen = {_NARROW[name]: (value,) for name, value in given.items() if value}
    return ItemFilter(**chosen, updated_since=read_instant(request, "updated_since"))  # type: ignore[arg-type]


_NARROW = {"sku": "skus", "territory": "territories", "status": "statuses"}


class SkuHistory(ApiView):
    """How a SKU sold week by week in each territory, and on which days it could not be sold."""

    @extend_schema(operation_id="getSkuHistory", responses=SkuHistoryOut)
    def get(self, request: Request, sku: str) -> Response:
        return Response(history_out(get_sku(check_text("sku", sku), ist_day(timezone.now()))))


class RetailerList(ApiView):
    """Active retailers by id."""

    @extend_schema(
        operation_id="listRetailers",
        parameters=[
            OpenApiParameter("tradeChannel", str, enum=[one.value for one in TradeChannel]), _LIMIT, _CURSOR,
        ],
        responses=RetailerPage,
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        after, limit = read_text(request, "cursor"), read_limit(request)
        channel = read_text(request, "tradeChannel")
        if channel and channel not in set(TradeChannel):
            raise bad_query("tradeChannel", _("one of %(known)s", known=", ".join(TradeChannel)), channel)
        page = list_contacts(after=after, limit=limit + 1, trade_channel=channel)
        return Response(
            {
                "results": [
                    {
                        "retailerId": one.retailer_id,
                        "name": one.name,
                        "territory": one.territory,
                        "language": one.language,
                        "channels": list(one.channels),
                        "tradeChannel": one.trade_channel,
                        "minimumLifeDays": one.minimum_life_days,
                    }
                    for one in page[:limit]
                ],
                "nextCursor": page[limit - 1].retailer_id if len(page) > limit else None,
            }
        )


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
        raise bad_query("cursor", _("a cursor from an earlier answer"), str(cursor)) from error
    known = isinstance(transaction, str) and isinstance(line, int) and "\x00" not in transaction
    if not known or at.tzinfo is None or not -(2**31) <= line < 2**31:
        raise bad_query("cursor", _("a cursor from an earlier answer"), str(cursor))
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
