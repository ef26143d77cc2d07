"""Registrations, godowns and outlets of an invented distributor, at real pincodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from inventory.feeds.demonstration import identity, source
from inventory.feeds.demonstration.chance import stream
from inventory.feeds.demonstration.profiles import Profile, Territory

#: Part of the way out from the centre at which a city's godown lies.
_GODOWN_RANK = 0.8
#: About a kilometre of latitude: how far an outlet lies from its pincode's centre, one sigma.
_JITTER_DEGREES = 0.008
_GODOWN_KIND = "godown"
_REGISTERED_SHARE = 0.55
_SHOP_FRONTS = ("Shree", "New", "Jai", "Apna", "City", "Royal", "Nagar", "Bharat", "Sadar", "Sri")


@dataclass(frozen=True, slots=True)
class Shops:
    """Which outlet lies in which territory, before anything is known about its owner.

    `territory`: (outlets,), index into the profile's territories. `first_number` is the number of
    the first outlet: codes and numbers of two distributors never meet.
    """

    territory: np.ndarray[tuple[int], np.dtype[np.int64]]
    first_number: int

    @property
    def ids(self) -> list[str]:
        """Retailer ids in order."""
        return [f"R{self.first_number + i:05d}" for i in range(len(self.territory))]


def shops(profile: Profile, count: int, first_number: int, seed: int) -> Shops:
    """`count` outlets dealt to territories in the proportion of their shares."""
    shares = np.array([territory.share for territory in profile.territories])
    dealt = np.repeat(np.arange(len(shares)), np.ceil(shares * count).astype(int))[:count]
    order = stream(seed, profile.key, "territories").permutation(count)
    return Shops(dealt[order].astype(np.int64), first_number)


def territories(profile: Profile) -> pl.DataFrame:
    """One row per territory; those in one State share a registration."""
    return pl.DataFrame(
        {
            "code": [t.code for t in profile.territories],
            "name": [t.name for t in profile.territories],
            "state_code": [t.state_code for t in profile.territories],
            "gstin": [profile.gstin(t.state_code) for t in profile.territories],
            "legal_name": profile.legal_name,
        }
    )


def registrations(profile: Profile) -> pl.DataFrame:
    """One row per State; the principal place of business is the State's first godown."""
    sites = godowns(profile).unique("gstin", keep="first", maintain_order=True)
    state = [site[:2] for site in sites["gstin"]]
    return sites.select(
        "gstin",
        pl.Series("state_code", state),
        pl.lit(profile.legal_name).alias("legal_name"),
        pl.lit(profile.trade_name).alias("trade_name"),
        "address",
        "place",
        "pincode",
        pl.Series("fssai", [identity.fssai(code, i + 1) for i, code in enumerate(state)]),
    )


def godowns(profile: Profile) -> pl.DataFrame:
    """One godown per territory, towards the edge of its city."""
    rows = [_godown(profile, territory, n) for n, territory in enumerate(profile.territories, 1)]
    return pl.DataFrame(rows, orient="row")


def _godown(profile: Profile, territory: Territory, number: int) -> dict[str, object]:
    nearby = source.places().filter(pl.col("city") == territory.code)
    spot = nearby.row(int(len(nearby) * _GODOWN_RANK), named=True)
    return {
        "code": f"GD-{territory.code}",
        "territory": territory.code,
        "kind": _GODOWN_KIND,
        "name": f"{territory.name} godown",
        "address": f"Godown {number}, Transport Yard, {spot['place']}, {territory.name}",
        "place": territory.name,
        "pincode": spot["pincode"],
        "lat": spot["lat"],
        "lon": spot["lon"],
        "gstin": profile.gstin(territory.state_code),
    }


def outlets(profile: Profile, located: Shops, seed: int) -> pl.DataFrame:
    """One row per outlet in the columns of `locations`, with `name` the shop's."""
    parts = [_in_territory(profile, located, index, seed) for index in range(len(profile.territories))]
    return pl.concat(parts).sort("code")


def _in_territory(profile: Profile, located: Shops, index: int, seed: int) -> pl.DataFrame:
    territory = profile.territories[index]
    chance = stream(seed, profile.key, "outlets", territory.code)
    numbers = np.flatnonzero(located.territory == index) + located.first_number
    nearby = source.places().filter(pl.col("city") == territory.code)
    spots = nearby[chance.integers(0, len(nearby), len(numbers))]
    fronts = chance.choice(_SHOP_FRONTS, len(numbers))
    words = chance.choice(territory.shop_words, len(numbers))
    registered = chance.random(len(numbers)) < _REGISTERED_SHARE
    jitter = chance.normal(0.0, _JITTER_DEGREES, (2, len(numbers))).clip(-0.02, 0.02)
    gstins = [
        identity.gstin(territory.state_code, identity.proprietor_pan(int(n))) if has else ""
        for n, has in zip(numbers, registered, strict=True)
    ]
    return spots.select(
        pl.Series("code", [f"OT-{n:05d}" for n in numbers]),
        pl.lit(territory.code).alias("territory"),
        pl.lit("outlet").alias("kind"),
        pl.Series("name", [f"{f} {w} {n:03d}" for f, w, n in zip(fronts, words, numbers, strict=True)]),
        (pl.lit("Shop ") + pl.Series(chance.integers(1, 90, len(numbers))).cast(pl.String))
        + pl.lit(", Main Road, ")
        + pl.col("place"),
        pl.lit(territory.name).alias("city_name"),
        "pincode",
        (pl.col("lat") + jitter[0]).round(5),
        (pl.col("lon") + jitter[1]).round(5),
        pl.Series("gstin", gstins, dtype=pl.String),
    ).rename({"literal": "address", "city_name": "place"})
