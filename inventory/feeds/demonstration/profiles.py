"""The two invented distributors: their names, registrations and territories."""

from __future__ import annotations

from dataclasses import dataclass

from inventory.feeds.demonstration.identity import gstin
from inventory.feeds.demonstration.shapes import Distributor


@dataclass(frozen=True, slots=True)
class Territory:
    """A sales area; `share` is its part of the outlets, `languages` what its owners read."""

    code: str
    name: str
    state_code: str
    state: str
    share: float
    languages: tuple[str, ...]
    shop_words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """One distributor. All registrations hang on one PAN."""

    key: Distributor
    legal_name: str
    trade_name: str
    pan: str
    territories: tuple[Territory, ...]

    def gstin(self, state_code: str) -> str:
        """Its registration in a State."""
        return gstin(state_code, self.pan)


_WEST = ("Kirana", "Kirana Stores", "General Stores", "Provision Stores", "Super Mart", "Bhandar")
_SOUTH = ("Provision Stores", "Stores", "Maligai", "Super Market", "Traders", "Departmental Stores")
_GUJARAT = ("Kirana", "Provision Stores", "Anaj Bhandar", "General Stores", "Super Store", "Traders")
_TELUGU = ("Kirana", "General Stores", "Provision Stores", "Super Market", "Traders")

PROFILES: dict[Distributor, Profile] = {
    "demo": Profile(
        key="demo",
        legal_name="Sahyavardha Distribution Private Limited",
        trade_name="Sahyavardha Distribution",
        pan="ZZZCS4071K",
        territories=(
            Territory("MUM", "Mumbai", "27", "Maharashtra", 0.30, ("hi", "hi", "en"), _WEST),
            Territory("PUN", "Pune", "27", "Maharashtra", 0.18, ("hi", "en"), _WEST),
            Territory("AMD", "Ahmedabad", "24", "Gujarat", 0.20, ("hi", "hi", "en"), _GUJARAT),
            Territory("BLR", "Bengaluru", "29", "Karnataka", 0.18, ("en", "en", "hi"), _SOUTH),
            Territory("CHN", "Chennai", "33", "Tamil Nadu", 0.14, ("ta", "ta", "en"), _SOUTH),
        ),
    ),
    "second": Profile(
        key="second",
        legal_name="Godavritha Traders Private Limited",
        trade_name="Godavritha Traders",
        pan="ZZZCG5082M",
        territories=(
            Territory("HYD", "Hyderabad", "36", "Telangana", 0.6, ("en", "hi"), _TELUGU),
            Territory("VJA", "Vijayawada", "37", "Andhra Pradesh", 0.4, ("en", "hi"), _TELUGU),
        ),
    ),
}
