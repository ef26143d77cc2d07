"""Loading a demonstration distributor into its schema, and feeding it the sales of the days that follow."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
from django.conf import settings
from django.db import transaction

from inventory.feeds.demonstration import DemoData
from inventory.services.ingestion import IngestReport, ingest_sales
from inventory.services.ledger import record_movements
from inventory.services.masters import save_masters
from inventory.services.partitions import index_past_months
from inventory.services.staging import frame_of, rows
from vyapar.engine import registry
from vyapar.engine.services import emit, ensure_autonomy
from vyapar.kernel.actor import Actor, system
from vyapar.kernel.calendar import ist_day
from vyapar.messaging.contracts import Channel
from vyapar.messaging.letters import ConsentRow
from vyapar.messaging.services import record_consents
from vyapar.people.contracts import Role
from vyapar.people.selectors import list_people
from vyapar.people.services import add_person
from vyapar.tenancy.models import Distributor
from vyapar.tenancy.selectors import current_distributor

#: Rows of history handed over at a time.
CHUNK = 50_000
#: What the agents of the demonstration may do alone: small things, with time to undo them.
LIMITS = {
    "mode": "auto_within_limits",
    "max_value_paise": 25_000_00,
    "max_quantity": 2_000,
    "max_discount_bp": 2_500,
    "min_confidence": 0.5,
    "undo_seconds": 30,
    "daily_cap_paise": 2_00_000_00,
}
#: A full load is worth more than an offer; what stays inside one State may go up to this alone.
LARGER = {"transfer": {"max_value_paise": 90_000_00, "daily_cap_paise": 5_00_000_00}}
#: Terms on which invented makers take goods back, dealt to them in turn: share of cost in basis
#: points, and the last day of a claim counted from expiry. Usual in the trade: most of the cost well
#: before expiry, half until the day itself, or nothing (a scheme without returns).
RETURN_TERMS = ((9_000, -45), (5_000, 0), (0, None))

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DemonstrationLoaded:
    """A demonstration distributor has its data: apps may set up what they need for it."""

    run_date: str
    skus: int
    outlets: int
    sales: int


def is_loaded() -> bool:
    """Whether this distributor has a demonstration."""
    return bool(rows("SELECT 1 FROM engine_event WHERE name = 'DemonstrationLoaded' LIMIT 1"))


@transaction.atomic
def load_data(data: DemoData, *, actor: Actor, at: datetime, tell: Tell) -> None:
    """Load a generated distributor into this schema: masters, ledger, sales, consents. All or nothing."""
    tell("masters …")
    counts = save_masters(_masters(data), actor=actor, at=at)
    tell("masters: " + ", ".join(f"{n:,} {kind}" for kind, n in counts.items()))
    moved = record_movements(_movements(data.movements), actor=actor, at=at)
    tell(f"ledger: {moved:,}/{data.movements.height:,} movements")
    _load_sales(data.sales, actor, at, tell)
    index_past_months(ist_day(at))
    kept = record_consents(_consents(data.consents), actor=actor, at=at)
    tell(f"consents: {kept:,}/{data.consents.height:,} rows")
    loaded = DemonstrationLoaded(
        data.run_day.isoformat(), data.skus.height, data.retailers.height, data.sales.height
    )
    emit(loaded, subject="demonstration", actor=actor, at=at)


def open_desk(*, at: datetime) -> None:
    """People of every role, and first limits for what the agents may do alone."""
    distributor = current_distributor()
    accounts = read_accounts(distributor)
    known = {person.username for person in list_people()}
    if not accounts:
        accounts, known = [_account(distributor, role) for role in Role], set()
        _write(_accounts_file(distributor), json.dumps(accounts).encode())
    for one in accounts:
        if one["username"] not in known:  # who is there keeps the password they may have chosen
            add_person(
                username=one["username"], password=one["password"], role=Role(one["role"]),
                name=Role(one["role"]).title(), email=f"{one['role']}@{distributor.slug}.example",
            )  # fmt: skip
    actor = system("demonstration")
    for kind in registry.kinds():
        limits = {**dict(kind.default_autonomy), **LIMITS, **LARGER.get(kind.name, {})}
        ensure_autonomy(kind.name, limits, actor=actor, at=at)
    for setup in registry.setups():
        setup.run(actor, at)


def read_accounts(distributor: Distributor) -> list[dict[str, str]]:
    """Who may sign in to a demonstration: distributor, address, role, username, password."""
    path = _accounts_file(distributor)
    found: list[dict[str, str]] = json.loads(path.read_text()) if path.exists() else []
    return found


def keep_future(data: DemoData) -> None:
    """Put the sales of the days to come aside, for `feed_due`."""
    path = _future_file(current_distributor())
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    data.future_sales.drop("batch").write_parquet(path)


def feed_due(*, at: datetime) -> IngestReport | None:
    """Feed the sales that have happened since; None when there are none, or it is no demonstration.

    May be called at any time and any number of times: lines are known by transaction and line.
    """
    due = find_due(at)
    if due is None:
        return None
    return ingest_sales(_canonical(due), actor=system("demonstration"), at=at, source="demonstration")


def find_due(at: datetime) -> pl.DataFrame | None:
    """Lines put aside whose instant has come and which are not recorded yet."""
    distributor = current_distributor()
    path = _future_file(distributor)
    if not distributor.sandbox or not path.exists():
        return None
    due = pl.scan_parquet(path).filter(pl.col("at") <= at).collect()
    if due.is_empty():
        return None
    wanted = due["transaction_id"].unique().to_list()
    known = frame_of(
        "SELECT transaction_id, line FROM inventory_sale WHERE sold_on >= %s AND transaction_id = ANY(%s)",
        {"transaction_id": pl.String, "line": pl.Int64},
        [ist_day(due["at"].min()), wanted],  # type: ignore[arg-type]
    )
    new = due.join(known, on=["transaction_id", "line"], how="anti")
    return None if new.is_empty() else new


def shrink(data: DemoData, *, skus: int = 30, outlets: int = 20) -> DemoData:
    """The same distributor with few SKUs and shops, for tests: all demand and stock of those SKUs.

    SKUs whose stock is dead or at risk come first, then the best-selling; sales of shops that are
    left out go to those that stay, so that the ledger and the sales still agree.
    """
    kept = _chosen_skus(data, skus)
    shops = _kept_shops(data.retailers, outlets)
    stays = data.retailers.filter(pl.col("retailer_id").is_in(shops["stays"].unique().to_list()))
    mine = pl.col("sku").is_in(kept)
    places = (pl.col("kind") == "godown") | pl.col("code").is_in(stays["location"].to_list())
    moved = {
        name: getattr(data, name).filter(mine)
        for name in ("skus", "batches", "purchases", "movements", "positions", "truth")
    }
    replaced = pl.when(pl.col("replaced_by").is_in(kept)).then(pl.col("replaced_by"))
    return replace(
        data,
        **{**moved, "skus": moved["skus"].with_columns(replaced.alias("replaced_by"))},
        retailers=stays,
        locations=data.locations.filter(places),
        consents=data.consents.join(stays, on="retailer_id", how="semi"),
        sales=_resold(data.sales.filter(mine), shops),
        future_sales=_resold(data.future_sales.filter(mine), shops),
    )


# --- parts ---------------------------------------------------------------------------------


def _masters(data: DemoData) -> dict[str, pl.DataFrame]:
    names = ("registrations", "territories", "locations", "retailers", "categories", "skus", "batches")
    frames = {name: getattr(data, name) for name in (*names, "purchases")}
    makers = data.brands["supplier_name"].unique(maintain_order=True).to_list()
    turn = {maker: RETURN_TERMS[n % len(RETURN_TERMS)] for n, maker in enumerate(makers)}
    terms = [turn[maker] for maker in data.brands["supplier_name"]]
    frames["brands"] = data.brands.with_columns(
        pl.Series("return_bp", [bp for bp, _ in terms], dtype=pl.Int64),
        pl.Series("return_days", [days for _, days in terms], dtype=pl.Int64),
    )
    return frames


def _movements(frame: pl.DataFrame) -> pl.DataFrame:
    """Movements by names as lines by ids."""
    batches = frame_of(
        "SELECT s.code, b.number, b.id FROM inventory_batch b JOIN inventory_sku s ON s.id = b.sku_id",
        {"sku": pl.String, "batch": pl.String, "batch_id": pl.Int64},
    )
    places = frame_of(
        "SELECT code, id FROM inventory_location", {"location": pl.String, "location_id": pl.Int64}
    )
    found = frame.join(batches, on=["sku", "batch"], how="left").join(places, on="location", how="left")
    return found.select("batch_id", "location_id", "kind", "quantity", "at", "reference")


def _load_sales(sales: pl.DataFrame, actor: Actor, at: datetime, tell: Tell) -> None:
    done = 0
    for part in sales.sort("at").iter_slices(CHUNK):
        report = ingest_sales(_canonical(part), actor=actor, at=at, source="demonstration", history=True)
        if report.rejected:
            raise ValueError(f"the demonstration has lines that are rejected: {report.faults[:3]}")
        done += part.height
        tell(f"sales: {done:,}/{sales.height:,} lines")


def _canonical(sales: pl.DataFrame) -> pl.DataFrame:
    names = ("transaction_id", "line", "retailer_id", "sku", "quantity", "unit_price_paise")
    return sales.select(*names, pl.col("at").alias("timestamp"), "territory", "gst_details")


def _consents(frame: pl.DataFrame) -> Iterable[ConsentRow]:
    return (
        ConsentRow(
            party=f"retailer:{row['retailer_id']}", channel=Channel(row["channel"]), purpose=row["purpose"],
            granted=row["granted"], at=row["at"], source=row["source"],
        )
        for row in frame.iter_rows(named=True)
    )  # fmt: skip


def _account(distributor: Distributor, role: Role) -> dict[str, str]:
    return {
        "distributor": distributor.slug,
        "address": f"{distributor.slug}.localhost",
        "role": role.value,
        "username": role.value,
        "password": secrets.token_urlsafe(9),
    }


def _folder() -> Path:
    return Path(settings.HOME) / "demonstration"


def _accounts_file(distributor: Distributor) -> Path:
    return _folder() / f"{distributor.schema_name}.accounts.json"


def _future_file(distributor: Distributor) -> Path:
    return _folder() / f"{distributor.schema_name}.future.parquet"


def _write(path: Path, body: bytes) -> None:
    """Write what only we may read."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(body)


def _chosen_skus(data: DemoData, count: int) -> list[str]:
    lines = data.sales.group_by("sku").len("lines")
    troubled = data.truth.group_by("sku").agg(pl.col("on_hand").sum().alias("troubled"))
    ranked = data.skus.select("sku").join(lines, on="sku", how="left").join(troubled, on="sku", how="left")
    ranked = ranked.fill_null(0)
    worst = ranked.sort(["troubled", "sku"], descending=[True, False]).head(count // 3)
    rest = ranked.join(worst, on="sku", how="anti").sort(["lines", "sku"], descending=[True, False])
    return [*worst["sku"], *rest["sku"].head(count - worst.height)]


def _kept_shops(retailers: pl.DataFrame, count: int) -> pl.DataFrame:
    """Each shop and the one of its territory that stands for it: retailer_id, stays."""
    share = count // max(retailers["territory"].n_unique(), 1)
    ranked = retailers.sort("retailer_id").with_columns(
        pl.int_range(pl.len()).over("territory").alias("place")
    )
    stays = ranked.filter(pl.col("place") < share).select(
        "territory", pl.col("place").alias("stands"), pl.col("retailer_id").alias("stays")
    )
    placed = ranked.with_columns((pl.col("place") % share).alias("stands"))
    return placed.join(stays, on=["territory", "stands"]).select("retailer_id", "stays")


def _resold(sales: pl.DataFrame, shops: pl.DataFrame) -> pl.DataFrame:
    names: list[Any] = [pl.col("stays").alias(n) if n == "retailer_id" else n for n in sales.columns]
    return sales.join(shops, on="retailer_id", how="left", maintain_order="left").select(names)
