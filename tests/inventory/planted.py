"""Outlets and SKUs of the demonstration with twins planted among them, and which pairs those are.

Outlets get names as shops in India have them, many of them common; twins differ as lists kept by two
people do: spelling, trade words, missing phones, shortened streets. Beside them stand pairs that look alike
and are two: second shops of one owner, namesakes in one pincode, siblings in another pack.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from inventory.contracts.twins import OutletFacts, SkuFacts
from inventory.feeds.demonstration import identity, outlets
from inventory.feeds.demonstration.generate import stage
from inventory.feeds.demonstration.profiles import PROFILES

DAY = date(2026, 11, 23)
_OWN = (
    "Ganesh", "Lakshmi", "Sai", "Balaji", "Durga", "Krishna", "Mahalakshmi", "Annapurna", "Choudhary",
    "Venkateshwara", "Shivshakti", "Ambika", "Gayatri", "Hanuman", "Bhavani", "Siddhivinayak", "Parvati",
    "Jagdamba", "Chamunda", "Khodiyar", "Raghavendra", "Murugan", "Meenakshi", "Vinayaka", "Bajrang",
    "Sharma", "Gupta", "Patel", "Deshmukh", "Kulkarni", "Iyer", "Nadar", "Reddy", "Naik", "Shetty", "Jain",
    "Agarwal",
    "Mishra", "Yadav", "Pawar", "Jadhav", "Bhosale", "Shinde", "Gaikwad", "Mehta", "Shah", "Trivedi", "Joshi",
    "Rathod", "Solanki", "Chauhan", "Rajput", "Thakur", "Saxena", "Verma", "Tiwari", "Pandey", "Dubey",
)  # fmt: skip
_MORE = ("", "", "", "Prasad", "Nandan", "Kripa", "Sagar", "Jyoti", "Deep", "Kiran", "Amrut", "Darshan")
_TRADES = ("Kirana", "General Store", "Provision Stores", "Traders", "Kirana & General Stores", "Super Mart",
           "Enterprises", "Bhandar", "Agency", "Kirana Bhandar")  # fmt: skip
_GROCERS = ("Kirana", "Kirana Store", "General Store", "General Stores", "Gen. Store", "Provision Stores",
            "Provisions", "Kirana & General Store", "Kirana and Provision")  # fmt: skip
_SPELT = (
    ("Lakshmi", "Laxmi"), ("Choudhary", "Chowdhury"), ("Venkateshwara", "Venkateswara"),
    ("Ganesh", "Ganesha"), ("Meenakshi", "Minakshi"), ("Krishna", "Krushna"), ("Durga", "Durgaa"),
    ("Bhavani", "Bhawani"),
    ("Murugan", "Murughan"), ("Agarwal", "Agrawal"),
    ("Raghavendra", "Ragavendra"), ("Chauhan", "Chouhan"), ("Gayatri", "Gayathri"), ("Vinayaka", "Vinayak"),
    ("Siddhivinayak", "Siddhi Vinayak"), ("Shivshakti", "Shiv Shakti"), ("Annapurna", "Annapoorna"),
    ("Patel", "Pattel"), ("Shinde", "Shindey"), ("Mishra", "Misra"), ("Joshi", "Joshee"), ("Verma", "Varma"),
    ("Tiwari", "Tiwary"), ("Pandey", "Pande"), ("Jyoti", "Jyothi"), ("Deep", "Dip"), ("Kripa", "Krupa"),
    ("Bhosale", "Bhosle"), ("Thakur", "Thakoor"), ("Iyer", "Ayyer"), ("Reddy", "Reddi"), ("Shetty", "Shetti"),
)  # fmt: skip
_STREETS = (("Road", "Rd"), ("Main", "Mn"), ("Shop ", "Shop No. "), ("Shop ", "#"), (", ", " "))


@dataclass(frozen=True, slots=True)
class Planted:
    """What is compared, and the pairs of codes that are one."""

    rows: list[Any]
    twins: frozenset[frozenset[str]]


def planted_outlets(count: int = 5_000, twins: int = 400, seed: int = 7) -> Planted:
    """Outlets of the demonstration, twins among them."""
    chance = random.Random(seed)
    on = stage(next(iter(PROFILES)), DAY, seed, count - twins)
    frame = outlets.outlets(on.profile, on.shops, seed)
    base = [
        OutletFacts(
            f"R{number:05d}", _shop_name(chance), row["territory"], identity.phone(number), row["gstin"],
            row["pincode"], row["address"],
        )
        for number, row in enumerate(frame.iter_rows(named=True))
    ]  # fmt: skip
    second = [_second_shop(one, number, base, chance) for number, one in enumerate(base[:80])]
    base[-len(second) :] = second
    chosen = chance.sample(base[80 : -len(second)], twins)
    copies = [_outlet_twin(one, f"T{number:05d}", chance) for number, one in enumerate(chosen)]
    rows = base + copies
    chance.shuffle(rows)
    pairs = frozenset(frozenset((a.code, b.code)) for a, b in zip(chosen, copies, strict=True))
    return Planted(rows, pairs)


def _shop_name(chance: random.Random) -> str:
    words = (
        chance.choice(("Shri", "Shree", "Jai", "New", "", "")),
        chance.choice(_OWN),
        chance.choice(_MORE),
    )
    return " ".join(filter(None, (*words, chance.choice(_TRADES))))


def _second_shop(
    one: OutletFacts, number: int, base: list[OutletFacts], chance: random.Random
) -> OutletFacts:
    """Alike and yet another: half are shops of the same owner elsewhere, half namesakes nearby."""
    code = f"S{number:05d}"
    if number % 2:
        other = chance.choice([two for two in base if two.territory == one.territory])
        name = " ".join([chance.choice(_OWN), chance.choice(("Medical", "Mobile", "Bakery"))])
        return replace(other, code=code, name=name, phone=one.phone, gstin="")
    door = f"Shop {chance.randint(100, 400)}, Station Road, {one.address.rsplit(', ', 1)[-1]}"
    return replace(one, code=code, phone=identity.phone(90_000 + number), gstin="", address=door)


def _outlet_twin(one: OutletFacts, code: str, chance: random.Random) -> OutletFacts:
    name = one.name
    for here, there in _SPELT:
        if chance.random() < 0.7:
            name = name.replace(here, there)
    if chance.random() < 0.5:
        name = name.replace("Shri ", "Sri ").replace("Shree ", "Sri ")
    if chance.random() < 0.4:
        grocer = next(
            (trade for trade in sorted(_GROCERS, key=len, reverse=True) if name.endswith(trade)), ""
        )
        name = name.removesuffix(grocer) + chance.choice(_GROCERS) if grocer else name
    if chance.random() < 0.3:
        name = _typo(name, chance)
    if chance.random() < 0.2:
        name = "M/s " + name
    name = name.upper() if chance.random() < 0.25 else name
    address = one.address
    for here, there in _STREETS:
        if chance.random() < 0.4:
            address = address.replace(here, there)
    phone = one.phone if chance.random() < 0.6 else chance.choice(("", "", f"0{one.phone[-10:]}"))
    return replace(
        one, code=code, name=name, phone=phone, address=address if chance.random() < 0.85 else "",
        gstin=one.gstin if chance.random() < 0.5 else "",
        pincode=one.pincode if chance.random() < 0.9 else "",
    )  # fmt: skip


def _typo(text: str, chance: random.Random) -> str:
    spot = chance.randrange(1, len(text) - 2)
    kind = chance.randrange(3)
    if kind == 0:
        return text[:spot] + text[spot + 1 :]
    if kind == 1:
        return text[:spot] + text[spot + 1] + text[spot] + text[spot + 2 :]
    return text[:spot] + text[spot] + text[spot:]


def planted_skus(count: int = 5_000, twins: int = 300, seed: int = 7) -> Planted:
    """SKUs of the demonstration, siblings in other packs, and twins among them."""
    chance = random.Random(seed)
    base: list[SkuFacts] = []
    for distributor in PROFILES:
        goods = stage(distributor, DAY, seed, 50).goods.frame
        names = {row["name"] for row in goods.iter_rows(named=True)}
        for row in goods.iter_rows(named=True):
            one = SkuFacts(
                f"{distributor}-{row['sku']}", row["name"], row["brand"], row["hsn"], row["uqc"],
                row["mrp_paise"], row["weight_grams"], row["volume_cc"],
            )  # fmt: skip
            base.append(one)
            base += _siblings(one, names, chance)
    seen: dict[str, SkuFacts] = {}
    for one in base:
        seen.setdefault(one.name, one)
    kept = list(seen.values())[: count - twins]
    chosen = chance.sample(kept, twins)
    copies = [_sku_twin(one, f"T{number:05d}", chance) for number, one in enumerate(chosen)]
    rows = kept + copies
    chance.shuffle(rows)
    pairs = frozenset(frozenset((a.code, b.code)) for a, b in zip(chosen, copies, strict=True))
    return Planted(rows, pairs)


def _siblings(one: SkuFacts, names: set[str], chance: random.Random) -> list[SkuFacts]:
    """The same thing in other packs: never a twin."""
    words = one.name.rsplit(" ", 2)
    made = []
    for size in chance.sample((35, 55, 65, 85, 110, 130, 160, 220, 320, 420), 3):
        name = f"{words[0]} {size} {words[2]}"
        if name not in names:
            paise = max(500, one.mrp_paise * size // 100 // 100 * 100)
            made.append(
                replace(one, code=f"{one.code}-{size}", name=name, mrp_paise=paise, weight_grams=size)
            )
    return made


def _sku_twin(one: SkuFacts, code: str, chance: random.Random) -> SkuFacts:
    head, size, unit = one.name.rsplit(" ", 2)
    units = {"g": ("g", "gm", "GMS", "G"), "ml": ("ml", "ML", "Ml"), "kg": ("kg", "KG", "Kgs"),
            "L": ("L", "Ltr", "ltr"), "pcs": ("pcs", "Pcs", "N")}[unit]  # fmt: skip
    words = head.split()
    if chance.random() < 0.3 and len(words[-1]) > 4:
        words[-1] = _typo(words[-1], chance)
    if chance.random() < 0.2:
        words = [words[0], words[-1], *words[1:-1]]
    name = f"{' '.join(words)} {size}{chance.choice(('', ' '))}{chance.choice(units)}"
    name = name.upper() if chance.random() < 0.3 else name
    mrp = one.mrp_paise if chance.random() < 0.85 else one.mrp_paise * 21 // 20
    return replace(
        one, code=code, name=name, mrp_paise=mrp, hsn=one.hsn if chance.random() < 0.9 else "",
        brand=one.brand if chance.random() < 0.8 else "", weight_grams=0,
    )  # fmt: skip


def precision_and_recall(found: list[Any], planted: Planted) -> tuple[float, float]:
    """Shares of what was found that are twins, and of the twins that were found."""
    told = {frozenset((one.one, one.two)) for one in found}
    right = told & planted.twins
    return len(right) / max(len(told), 1), len(right) / len(planted.twins)
