"""Reads of twins: names of what was merged, pairs side by side, what stands in the way of deciding."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from inventory.contracts.feeds import RecordKind
from inventory.contracts.twins import OutletFacts, SkuFacts
from inventory.models import Retailer, Sku, Twins, TwinsLook
from vyapar.kernel.errors import NotFound
from vyapar.kernel.lifecycle import OPEN
from vyapar.kernel.phrases import again
from vyapar.kernel.phrases import phrase as _

#: Sales of this many days are shown beside a pair.
SALES_DAYS = 90


@dataclass(frozen=True, slots=True)
class OtherNames:
    """What else outlets, SKUs and outlets' places are called: the other code -> the kept one's."""

    retailers: Mapping[str, str] = field(default_factory=dict)
    skus: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.retailers or self.skus)

    def of(self, column: str) -> Mapping[str, str]:
        """The names that a column of a feed may have."""
        if column in ("sku", "replaced_by"):
            return self.skus
        return self.retailers if column == "retailer_id" else self.places


# What was kept may have been merged itself: the last of the chain counts. No chain comes back to itself,
# as what was merged cannot be kept.
_NAMES = """
WITH RECURSIVE chain AS (
    SELECT kind, other, kept FROM inventory_twins WHERE state = 'merged'
    UNION ALL
    SELECT c.kind, c.other, t.kept FROM chain c
    JOIN inventory_twins t ON t.kind = c.kind AND t.state = 'merged' AND t.other = c.kept
)
SELECT c.kind, c.other, c.kept, a.code, b.code FROM chain c
LEFT JOIN inventory_retailer o ON c.kind = 'retailers' AND o.retailer_id = c.other
LEFT JOIN inventory_location a ON a.id = o.outlet_id
LEFT JOIN inventory_retailer k ON c.kind = 'retailers' AND k.retailer_id = c.kept
LEFT JOIN inventory_location b ON b.id = k.outlet_id
WHERE NOT EXISTS (SELECT 1 FROM inventory_twins t
                  WHERE t.kind = c.kind AND t.state = 'merged' AND t.other = c.kept)
"""


def list_other_names() -> OtherNames:
    """All names that mean something else since a merge; one query, which finds nothing as a rule."""
    retailers, skus, places = {}, {}, {}
    for kind, other, kept, place, home in _rows(_NAMES):
        if kind == RecordKind.SKUS:
            skus[other] = kept
        else:
            retailers[other] = kept
            places[place] = home
    return OtherNames(retailers, skus, places)


def get_twins(twins_id: int, *, for_update: bool = False) -> Twins:
    """One pair; `NotFound` when there is none of that number."""
    rows = Twins.objects.select_for_update() if for_update else Twins.objects
    found = rows.filter(pk=twins_id).first()
    if found is None:
        raise NotFound(_("there is no pair %(pair)s", pair=twins_id), code="no_such_twins")
    return found


def find_twins_of(kind: RecordKind, one: str, two: str) -> Twins | None:
    """The pair of two codes, whichever is to be kept."""
    either = Q(kept=one, other=two) | Q(kept=two, other=one)
    return Twins.objects.select_for_update().filter(either, kind=kind.value).first()


def list_twins(kind: str = "", states: Sequence[str] = (Twins.State.OFFERED,)) -> QuerySet[Twins]:
    """Pairs: offered ones most alike first, decided ones the latest first."""
    rows = Twins.objects.filter(state__in=states)
    if kind:
        rows = rows.filter(kind=kind)
    if Twins.State.OFFERED in states:
        return rows.order_by("-certain", "-likeness", "pk")
    return rows.order_by("-decided_at", "-pk")


def count_twins() -> dict[str, int]:
    """How many pairs of each state there are, and `certain` ones among those that wait."""
    counts = dict.fromkeys(Twins.State.values, 0)
    counts["certain"] = 0
    for state, certain in Twins.objects.values_list("state", "certain"):
        counts[state] += 1
        counts["certain"] += certain and state == Twins.State.OFFERED
    return counts


def latest_look() -> TwinsLook | None:
    """When twins were looked for last."""
    return TwinsLook.objects.order_by("-at").first()


_CHANGED = """
SELECT greatest((SELECT max(updated_at) FROM inventory_retailer WHERE active),
                (SELECT max(updated_at) FROM inventory_sku WHERE active))
"""


def is_look_due(at: datetime, apart: timedelta) -> bool:
    """Whether outlets or SKUs changed since twins were looked for, and not just now; never in an import."""
    last = latest_look()
    if last is not None and last.at > at - apart:
        return False
    if _rows("SELECT 1 FROM inventory_importrun WHERE state IN ('writing', 'undoing') LIMIT 1"):
        return False
    changed = _rows(_CHANGED)[0][0]
    return changed is not None and (last is None or changed > last.at)


def list_outlet_facts() -> list[OutletFacts]:
    """Active outlets as they are compared."""
    rows = Retailer.objects.filter(active=True).order_by("retailer_id").values_list(
        "retailer_id", "name", "territory__code", "phone", "gstin", "outlet__pincode", "outlet__address"
    )  # fmt: skip
    return [OutletFacts(*row) for row in rows]


def list_sku_facts() -> list[SkuFacts]:
    """Active SKUs as they are compared."""
    rows = Sku.objects.filter(active=True).order_by("code").values_list(
        "code", "name", "brand__name", "hsn", "uqc", "mrp_paise", "weight_grams", "volume_cc",
        "replaced_by__code",
    )  # fmt: skip
    return [SkuFacts(*row[:-1], row[-1] or "") for row in rows]


@dataclass(frozen=True, slots=True)
class Side:
    """One of two as people judge it. Sales of the last 90 days; `stock` in pieces."""

    code: str
    name: str
    facts: tuple[tuple[str, str], ...]  # what it is: sign of the fact, text
    pieces: int = 0
    paise: int = 0
    last_sale: date | None = None
    stock: int = 0


_OUTLETS = """
SELECT r.retailer_id, r.name, r.phone, r.gstin, l.pincode, l.address, t.name, r.beat, s.pieces, s.paise,
       s.last_day, p.pieces
FROM inventory_retailer r JOIN inventory_location l ON l.id = r.outlet_id
JOIN inventory_territory t ON t.id = r.territory_id
LEFT JOIN LATERAL (SELECT sum(quantity) FILTER (WHERE sold_on >= %s) AS pieces,
                          sum(quantity * unit_price_paise) FILTER (WHERE sold_on >= %s) AS paise,
                          max(sold_on) AS last_day
                   FROM inventory_sale WHERE retailer_id = r.id AND sold_on >= %s) s ON true
LEFT JOIN LATERAL (SELECT sum(on_hand) AS pieces FROM inventory_position
                   WHERE location_id = l.id) p ON true
WHERE r.retailer_id = ANY(%s)
"""
_SKUS = """
SELECT s.code, s.name, b.name, s.hsn, s.mrp_paise, s.uqc, s.case_pack, d.pieces, d.paise, d.last_day,
       p.pieces
FROM inventory_sku s JOIN inventory_brand b ON b.id = s.brand_id
LEFT JOIN LATERAL (SELECT sum(quantity) FILTER (WHERE day >= %s) AS pieces,
                          sum(revenue_paise) FILTER (WHERE day >= %s) AS paise, max(day) AS last_day
                   FROM inventory_dailydemand WHERE sku_id = s.id AND day >= %s) d ON true
LEFT JOIN LATERAL (SELECT sum(on_hand) AS pieces FROM inventory_position WHERE sku_id = s.id) p ON true
WHERE s.code = ANY(%s)
"""
#: How far back the last sale is looked for.
_LAST_SALE_DAYS = 400


def list_sides(kind: str, codes: Iterable[str], today: date) -> dict[str, Side]:
    """Both sides of pairs of a kind, by code; one query."""
    since, far = today - timedelta(days=SALES_DAYS), today - timedelta(days=_LAST_SALE_DAYS)
    values = [since, since, far, sorted(set(codes))]
    if kind == RecordKind.SKUS:
        return {row[0]: _sku_side(row) for row in _rows(_SKUS, values)}
    return {row[0]: _outlet_side(row) for row in _rows(_OUTLETS, values)}


def _outlet_side(row: tuple[Any, ...]) -> Side:
    code, name, phone, gstin, pincode, address, territory, beat, *figures = row
    facts = (("phone", phone), ("gstin", gstin), ("pincode", pincode), ("address", address),
             ("territory", territory), ("beat", beat))  # fmt: skip
    return _side(code, name, facts, figures)


def _sku_side(row: tuple[Any, ...]) -> Side:
    code, name, brand, hsn, mrp, uqc, case_pack, *figures = row
    facts = (("brand", brand), ("hsn", hsn), ("mrp", str(mrp)), ("unit", uqc), ("case", str(case_pack)))
    return _side(code, name, facts, figures)


def _side(code: str, name: str, facts: tuple[tuple[str, str], ...], figures: list[Any]) -> Side:
    pieces, paise, last_sale, stock = figures
    return Side(code, name, facts, int(pieces or 0), int(paise or 0), last_sale, int(stock or 0))


@dataclass(frozen=True, slots=True)
class Concerned:
    """An action that has to do with a code and has not come to its end."""

    number: int
    title: str  # a phrase where its words were kept
    why: str  # open, or held: it is carried out and still holds stock


_ACTIONS = """
SELECT number, title, CASE WHEN status = ANY(%s) THEN 'open' ELSE 'held' END, words ->> 'title'
FROM engine_action a
WHERE (status = ANY(%s) OR EXISTS (SELECT 1 FROM inventory_reservation r
                                   WHERE r.action_id = a.id AND r.released_at IS NULL))
  AND (jsonb_path_exists(payload, '$.** ? (@.type() == "string" && @ == $codes[*])',
                         jsonb_build_object('codes', to_jsonb(%s::text[])))
       OR EXISTS (SELECT 1 FROM inventory_reservation r JOIN inventory_position p ON p.id = r.position_id
                  JOIN inventory_sku s ON s.id = p.sku_id JOIN inventory_location l ON l.id = p.location_id
                  WHERE r.action_id = a.id AND r.released_at IS NULL
                    AND (s.code = ANY(%s) OR l.code = ANY(%s)))
       OR regexp_split_to_array(subject, '[:@/|>]+') && %s::text[])
ORDER BY number
"""


def list_concerned(codes: Sequence[str], held: Sequence[str]) -> list[Concerned]:
    """Actions that name one of the codes and are not at their end, or that hold stock of one.

    `held`: codes of SKUs or places whose stock must not be held.
    """
    opened, wanted = sorted(status.value for status in OPEN), list(codes)
    values = [opened, opened, wanted, list(held), list(held), wanted]
    return [
        Concerned(number, again(title, json.loads(words or "[]")), why)
        for number, title, why, words in _rows(_ACTIONS, values)
    ]


_UNDER_WAY = """
SELECT s.code || ' ' || b.number || ' at ' || l.code, p.in_transit, p.reserved
FROM inventory_position p JOIN inventory_batch b ON b.id = p.batch_id
JOIN inventory_sku s ON s.id = p.sku_id JOIN inventory_location l ON l.id = p.location_id
WHERE (s.code = ANY(%s) OR l.code = ANY(%s)) AND (p.in_transit > 0 OR p.reserved > 0) ORDER BY 1 LIMIT 20
"""


def list_under_way(held: Sequence[str]) -> list[tuple[str, int, int]]:
    """Positions of SKUs or places with pieces on their way or held: name, on the way, held."""
    return [(name, int(coming), int(kept)) for name, coming, kept in _rows(_UNDER_WAY, [list(held)] * 2)]


def _rows(sql: str, values: Any = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
