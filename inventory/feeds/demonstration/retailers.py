"""The owners of the outlets: how to reach them, what they allowed, what they owe."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from inventory.feeds.demonstration import identity
from inventory.feeds.demonstration.chance import stream
from inventory.feeds.demonstration.gst import Ints
from inventory.feeds.demonstration.outlets import Shops
from inventory.feeds.demonstration.profiles import Profile

CHANNELS = ("whatsapp", "sms", "email")
#: Preferences as they were given, most preferred channel first, with how common each is.
_PREFERENCES: tuple[tuple[tuple[str, ...], float], ...] = (
    (("whatsapp", "sms"), 0.46),
    (("whatsapp", "sms", "email"), 0.22),
    (("whatsapp",), 0.12),
    (("sms", "whatsapp"), 0.10),
    (("sms",), 0.06),
    (("email", "whatsapp"), 0.04),
)
#: Share of shops asked on a channel that said yes, and of those that later took it back.
_GRANTED = {"whatsapp": 0.90, "sms": 0.84, "email": 0.78}
_NEVER_ASKED = 0.07
_WITHDRAWN = 0.04
_SOURCES = (
    "Paper form at first order, signed by the shop",
    "Reply YES to the welcome message",
    "Ticked by the shop in the retailer app",
    "Asked by the salesperson on the beat, confirmed by OTP",
)
_WITHDRAWAL = "Reply STOP by the shop"
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT")
_LIMIT_STEP_PAISE = 500_000


def retailers(
    profile: Profile, shop: Shops, places: pl.DataFrame, monthly: Ints, owed: Ints, seed: int
) -> pl.DataFrame:
    """One row per outlet's owner.

    `places`: the outlets' locations in order. `monthly`: (outlets,), paise bought in a usual month;
    `owed`: (outlets,), paise bought in the last four weeks, of which part is still unpaid.
    """
    chance = stream(seed, profile.key, "retailers")
    count = len(shop.territory)
    weights = np.array([weight for _, weight in _PREFERENCES])
    picks = chance.choice(len(_PREFERENCES), count, p=weights / weights.sum())
    tongues = [profile.territories[t].languages for t in shop.territory]
    voice = chance.integers(0, 1 << 30, count)
    generous = chance.uniform(0.9, 2.2, count)
    limit = np.ceil(monthly * generous / _LIMIT_STEP_PAISE).astype(np.int64) * _LIMIT_STEP_PAISE
    unpaid = np.floor(owed * chance.beta(2.0, 2.5, count)).astype(np.int64)
    numbers = range(shop.first_number, shop.first_number + count)
    return pl.DataFrame(
        {
            "retailer_id": shop.ids,
            "name": places["name"],
            "territory": places["territory"],
            "location": places["code"],
            "phone": [identity.phone(n) for n in numbers],
            "email": [identity.email(n) for n in numbers],
            "language": [t[v % len(t)] for t, v in zip(tongues, voice, strict=True)],
            "gstin": places["gstin"],
            "channels": [list(_PREFERENCES[p][0]) for p in picks],
            "credit_limit_paise": np.maximum(limit, _LIMIT_STEP_PAISE),
            "outstanding_paise": unpaid,
            "beat": _beats(profile, shop),
        }
    )


def _beats(profile: Profile, shop: Shops) -> list[str]:
    """Beats of about twenty outlets, each walked on one weekday."""
    seen = dict.fromkeys(range(len(profile.territories)), 0)
    names = []
    for index in shop.territory.tolist():
        route = seen[index] // 20
        seen[index] += 1
        code = profile.territories[index].code
        names.append(f"{code}-{route + 1:02d}-{_WEEKDAYS[route % len(_WEEKDAYS)]}")
    return names


def consents(profile: Profile, ids: list[str], run_day: date, seed: int) -> pl.DataFrame:
    """What each shop allowed for marketing, per channel.

    About nine in ten were asked; a few said no and a few withdrew later, which is a second row.
    """
    parts = [_channel_consents(profile, ids, channel, run_day, seed) for channel in CHANNELS]
    return pl.concat(parts).sort("at", "retailer_id", "channel", "granted")


def _channel_consents(
    profile: Profile, ids: list[str], channel: str, run_day: date, seed: int
) -> pl.DataFrame:
    chance = stream(seed, profile.key, "consents", channel)
    count = len(ids)
    asked = chance.random(count) >= _NEVER_ASKED
    granted = chance.random(count) < _GRANTED[channel]
    withdrawn = asked & granted & (chance.random(count) < _WITHDRAWN)
    age = chance.integers(200, 700, count)
    minute = chance.integers(5 * 60, 12 * 60, count)
    words = chance.choice(_SOURCES, count)
    first = _rows(ids, channel, asked, granted, run_day, age, minute, words)
    refusal = np.full(count, _WITHDRAWAL)
    no = np.zeros(count, dtype=bool)
    later = age - chance.integers(30, 190, count)
    return pl.concat([first, _rows(ids, channel, withdrawn, no, run_day, later, minute, refusal)])


def _rows(
    ids: list[str],
    channel: str,
    kept: np.ndarray[tuple[int], np.dtype[np.bool_]],
    granted: np.ndarray[tuple[int], np.dtype[np.bool_]],
    run_day: date,
    age: Ints,
    minute: Ints,
    words: np.ndarray[tuple[int], np.dtype[np.str_]],
) -> pl.DataFrame:
    start = pl.lit(run_day).cast(pl.Datetime("us", "UTC"))
    frame = pl.DataFrame(
        {"retailer_id": ids, "granted": granted, "age": age, "minute": minute, "source": words}
    )
    return frame.filter(pl.Series(kept)).select(
        "retailer_id",
        pl.lit(channel).alias("channel"),
        pl.lit("marketing").alias("purpose"),
        "granted",
        (start - pl.duration(days=pl.col("age")) + pl.duration(minutes=pl.col("minute"))).alias("at"),
        "source",
    )
