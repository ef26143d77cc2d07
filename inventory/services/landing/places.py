"""Landing of places: territories, locations, and retailers with their outlets."""

from __future__ import annotations

import hashlib

import polars as pl

from inventory.contracts import DEFAULT_CHANNEL
from inventory.feeds.canonical import locate, middle_of_state
from inventory.services.landing.findings import Findings, Verdict, conclude
from inventory.services.landing.known import Known
from inventory.services.landing.settling import join_known, keep_first, settle
from vyapar.kernel.phrases import phrase as _

_OUTLET = "OUT-"
_CODE = 40  # longest code of a location

_TERRITORY = ("name", "gstin")
_LOCATION = ("name", "kind", "territory", "address", "place", "pincode", "latitude", "longitude")
_RETAILER = (
    "name", "territory", "address", "place", "pincode", "latitude", "longitude", "phone", "email", "language",
    "gstin", "channels", "credit_limit_paise", "outstanding_paise", "beat", "trade_channel",
    "minimum_life_days", "location",
)  # fmt: skip


def judge_territories(found: Findings, known: Known) -> Verdict:
    repeated = keep_first(found, ["code"], ["code", *_TERRITORY])
    join_known(found, known.territories().select("code", "name", "gstin", "id"), ["code"])
    settled = settle(found, _TERRITORY, {}, repeated)
    if known.promised is not None:
        for part in (settled.new, settled.changed):
            merged = part.with_columns(
                pl.col("was_id").alias("id"), pl.col("gstin").str.slice(0, 2).alias("state_code")
            )
            known.promised.keep("territories", merged)
    return conclude(found, settled.new, settled.changed, settled.same)


def judge_locations(found: Findings, known: Known) -> Verdict:
    repeated = keep_first(found, ["code"], [c for c in found.lines.columns if c != "row"])
    join_known(found, known.locations(found.lines["code"]), ["code"])
    _settle_territory(found, known)
    _put_on_map(found, known)
    settled = settle(found, _LOCATION, {
        "kind": pl.lit("godown"), "address": pl.lit(""), "place": pl.lit(""), "pincode": pl.lit(""),
    }, repeated)  # fmt: skip
    if known.promised is not None:
        for part in (settled.new, settled.changed):
            known.promised.keep("locations", part.with_columns(pl.col("was_id").alias("id")))
    return conclude(found, settled.new, settled.changed, settled.same)


def judge_retailers(found: Findings, known: Known) -> Verdict:
    """Retailers, each with an outlet location of its own: made with it, kept with it."""
    repeated = keep_first(found, ["retailer_id"], [c for c in found.lines.columns if c != "row"])
    join_known(found, known.retailers(found.lines["retailer_id"]), ["retailer_id"])
    found.lines = found.lines.with_columns(
        pl.col("was_location").fill_null(
            pl.col("retailer_id").map_elements(outlet_code, return_dtype=pl.String, skip_nulls=True)
        ).alias("location")
    )  # fmt: skip
    _check_outlets(found, known)
    _settle_territory(found, known)
    _put_on_map(found, known)
    _warn_of_other_state(found, known)
    blank = dict.fromkeys(("address", "place", "pincode", "phone", "email", "gstin", "beat"), pl.lit(""))
    settled = settle(found, _RETAILER, {
        **blank, "language": pl.lit("en"), "channels": pl.lit("[]"), "credit_limit_paise": pl.lit(0),
        "outstanding_paise": pl.lit(0), "trade_channel": pl.lit(DEFAULT_CHANNEL),
    }, repeated)  # fmt: skip
    if known.promised is not None:
        for part in (settled.new, settled.changed):
            known.promised.keep("retailers", part.with_columns(pl.col("was_id").alias("id")))
            outlets = part.with_columns(pl.col("location").alias("code"), pl.lit("outlet").alias("kind"))
            known.promised.keep("locations", outlets)
    return conclude(found, settled.new, settled.changed, settled.same)


def outlet_code(retailer_id: str) -> str:
    """Code of the location that a retailer's outlet gets; ids that are too long for it get a digest."""
    code = _OUTLET + retailer_id
    if len(code) <= _CODE:
        return code
    return code[: _CODE - 9] + "-" + hashlib.sha256(retailer_id.encode()).hexdigest()[:8]


def _check_outlets(found: Findings, known: Known) -> None:
    """A new outlet's code must be free."""
    new = found.lines.filter(pl.col("was_id").is_null())
    taken = known.locations(new["location"])["code"].to_list()
    message = _("another place has the code that this outlet would get; give the retailer another id")
    found.reject(
        "retailer_id",
        "outlet_code_taken",
        message,
        pl.col("was_id").is_null() & pl.col("location").is_in(taken),
    )


def _settle_territory(found: Findings, known: Known) -> None:
    """Fill in the territory of those that name none: their own, or the nearest in the pincode's State."""
    territories = known.territories()
    codes = territories["code"].to_list()
    message = _(
        "there is no such territory; there are %(codes)s", codes=", ".join(codes[:8]) or _("none yet")
    )
    strange = pl.col("territory").is_not_null() & ~pl.col("territory").is_in(codes)
    found.reject("territory", "unknown_territory", message, strange)
    lines = found.lines.with_columns(pl.coalesce("territory", "was_territory").alias("territory"))
    lines = pl.concat([lines, locate(lines["pincode"]).drop("pin_state")], how="horizontal")
    asked = lines.filter(pl.col("territory").is_null() & pl.col("pincode").is_not_null())
    near = _nearest(
        asked.select("pincode", "pin_state", "pin_latitude", "pin_longitude").unique(), territories
    )
    lines = lines.join(near, on="pincode", how="left", maintain_order="left", nulls_equal=False)
    only = codes[0] if len(codes) == 1 else None
    given = pl.col("territory").is_not_null()
    found.lines = lines.with_columns(
        pl.coalesce("territory", "near", pl.lit(only, dtype=pl.String)).alias("territory"),
        (~given & pl.col("far")).alias("far"),
    )
    message = _("name the territory, or give a pincode that India Post knows")
    found.reject("territory", "no_territory", message, pl.col("territory").is_null())
    message = _("no territory of yours lies in the pincode's State; the nearest of another is taken")
    found.warn("pincode", "territory_other_state", message, pl.col("far"))
    found.lines = found.lines.drop("near", "far")


def _nearest(pincodes: pl.DataFrame, territories: pl.DataFrame) -> pl.DataFrame:
    """For each pincode: near (a territory's code) and far (it lies in another State)."""
    placed = _with_places(territories).select("code", "state_code", "latitude", "longitude")
    pairs = pincodes.drop_nulls("pin_latitude").join(placed, how="cross")
    north = pl.col("pin_latitude") - pl.col("latitude")
    east = (pl.col("pin_longitude") - pl.col("longitude")) * pl.col("pin_latitude").radians().cos()
    other = pl.col("pin_state").ne_missing(pl.col("state_code"))
    ranked = pairs.with_columns(other.alias("far"), (north**2 + east**2).alias("distance"))
    first = ranked.sort("pincode", "far", "distance", "code").unique("pincode", keep="first")
    return first.select("pincode", pl.col("code").alias("near"), "far")


def _with_places(territories: pl.DataFrame) -> pl.DataFrame:
    """Territories without a godown stand in the middle of their State."""
    middles = {code: middle_of_state(code) for code in territories["state_code"].drop_nulls().unique()}
    return territories.with_columns(
        pl.col(name).fill_null(
            pl.col("state_code").replace_strict(
                {c: m[n] for c, m in middles.items()}, default=None, return_dtype=pl.Float64
            )
        )
        for n, name in enumerate(("latitude", "longitude"))
    )


def _put_on_map(found: Findings, known: Known) -> None:
    """Coordinates as given, as they were, by the pincode, or those of the territory."""
    lines = found.lines
    for name in ("latitude", "longitude"):
        if name not in lines.columns:
            lines = lines.with_columns(pl.lit(None, dtype=pl.Float64).alias(name))
    homes = _with_places(known.territories()).select(
        pl.col("code").alias("territory"), pl.col("latitude").alias("home_latitude"),
        pl.col("longitude").alias("home_longitude"),
    )  # fmt: skip
    lines = lines.join(homes, on="territory", how="left", maintain_order="left")
    moved = pl.col("pincode").is_not_null() & pl.col("pincode").ne_missing(pl.col("was_pincode"))
    found.lines = lines.with_columns(
        pl.coalesce(
            name, pl.when(moved).then(pl.col(f"pin_{name}")), f"was_{name}", f"pin_{name}", f"home_{name}"
        ).alias(name)
        for name in ("latitude", "longitude")
    )
    missing = pl.col("pincode").is_null() & pl.col("was_pincode").is_null()
    if found.lines.select(missing.any()).item():
        message = _("without a pincode the outlet stands where the territory's godown does")
        found.warn("pincode", "no_pincode", message, missing)


def _warn_of_other_state(found: Findings, known: Known) -> None:
    states = known.territories().select(
        pl.col("code").alias("territory"), pl.col("state_code").alias("home_state")
    )
    found.lines = found.lines.join(states, on="territory", how="left", maintain_order="left")
    other = pl.col("gstin").str.slice(0, 2) != pl.col("home_state")
    message = _("the GSTIN is of another State than the territory's registration: sales there bear IGST")
    found.warn("gstin", "gstin_other_territory", message, other)
