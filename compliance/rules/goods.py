"""Rules about what: codes, rates, quantities, units, and life left on the shelf."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from compliance.rules.rule import (
    MovementCase,
    OfferCase,
    day,
    days,
    or_empty,
    row_facts,
    row_name,
    say,
)
from vyapar.kernel.decision import Finding, Severity
from vyapar.kernel.facts import GoodsLine
from vyapar.kernel.phrases import Phrase
from vyapar.kernel.phrases import phrase as _
from vyapar.law.codes import is_unit
from vyapar.law.goods import is_food, is_valued_from_retail_price
from vyapar.law.rates import Rate, RateUnclear, hsn_digits_required, is_hsn

_MANY_DIGITS = 6


def g03_movement(case: MovementCase) -> Iterator[Finding]:
    """Every line has an HSN code with the digits that the turnover asks for."""
    yield from _codes(case.facts.lines, case.own_date, case.standing.preceding_turnover_paise)


def g03_offer(case: OfferCase) -> Iterator[Finding]:
    """Every line has an HSN code with the digits that the turnover asks for."""
    yield from _codes(case.facts.lines, case.own_date, case.standing.preceding_turnover_paise)


def g04_movement(case: MovementCase) -> Iterator[Finding]:
    """Every line has one GST rate on the day of supply; a challan may do without."""
    if case.assessment is None:
        return
    for line in case.assessment.lines:
        if line.unclear is not None and not case.assessment.need.is_supply:
            yield say(
                "G04",
                _(
                    "%(row)s: no single GST rate is known; the goods count as taxable for the e-way bill.",
                    row=row_name(line.row, line.goods),
                ),
                severity=Severity.INFO,
                fix=_choose(line.unclear),
                **row_facts(line.row, line.goods),
            )
        else:
            yield from _rate(line.row, line.goods, line.rate, line.unclear)


def g04_offer(case: OfferCase) -> Iterator[Finding]:
    """Every line has one GST rate on the first day of the offer."""
    for line in case.lines:
        yield from _rate(line.row, line.goods, line.rate, line.unclear)


def g05(case: MovementCase) -> Iterator[Finding]:
    """Units of quantity are ones the portals know."""
    for row, goods in enumerate(case.facts.lines, start=1):
        if not is_unit(goods.uqc):
            yield say(
                "G05",
                _(
                    "%(row)s: %(unit)s is not a unit the GST portal knows.",
                    row=row_name(row, goods),
                    unit=or_empty(goods.uqc),
                ),
                fix=_("Choose a unit quantity code such as PCS, NOS or BOX."),
                **row_facts(row, goods),
            )


def g06_movement(case: MovementCase) -> Iterator[Finding]:
    """There are lines; quantities are above zero, money and days are not negative."""
    yield from _amounts(case.facts.lines)
    if case.facts.transit_days < 0:
        yield say("G06", _("Transit days cannot be negative."), field="transit_days")
    if case.facts.distance_km < 0:
        yield say("G06", _("Distance km cannot be negative."), field="distance_km")


def g06_offer(case: OfferCase) -> Iterator[Finding]:
    """There are lines, the days are in order, the discount is a share of the price."""
    yield from _amounts(case.facts.lines)
    if case.facts.ends_on < case.facts.starts_on:
        yield say(
            "G06",
            _(
                "The offer ends on %(end)s, before it starts on %(start)s.",
                end=day(case.facts.ends_on),
                start=day(case.facts.starts_on),
            ),
            field="ends_on",
        )
    if not 0 <= case.facts.discount_bp <= 10_000:
        message = _(
            "A discount of %(percent)s is not a share of the price.",
            percent=f"{case.facts.discount_bp / 100:g} %",
        )
        yield say("G06", message, field="discount_bp")


def t08(case: MovementCase) -> Iterator[Finding]:
    """Goods arrive with the life that the receiving place asks for; expired goods go back to the company
    at most."""
    if case.facts.return_route:
        return
    wanted = case.facts.minimum_days_on_arrival
    for row, goods in enumerate(case.facts.lines, start=1):
        yield from _life("T08", row, goods, case.at_date, case.arrival_date, wanted, case.own_date)


def p05(case: OfferCase) -> Iterator[Finding]:
    """Goods on offer are not expired today nor on the last day they may be delivered."""
    for row, goods in enumerate(case.facts.lines, start=1):
        wanted = goods.minimum_days_at_delivery
        if wanted is None:
            wanted = case.facts.minimum_days_at_delivery
        yield from _life("P05", row, goods, case.first_date, case.facts.ends_on, wanted, case.own_date)


def p09_movement(case: MovementCase) -> Iterator[Finding]:
    """Tobacco and pan masala between registrations are valued from the retail price."""
    if case.assessment is not None and case.assessment.need.is_supply:
        yield from _retail_price(case.facts.lines, case.own_date)


def p09_offer(case: OfferCase) -> Iterator[Finding]:
    """Tobacco and pan masala are valued from the retail price whatever the offer says."""
    yield from _retail_price(case.facts.lines, case.own_date)


def _codes(lines: Iterable[GoodsLine], on_date: date, turnover_paise: int | None) -> Iterator[Finding]:
    needed = hsn_digits_required(on_date, turnover_paise)
    for row, goods in enumerate(lines, start=1):
        facts = row_facts(row, goods)
        if not is_hsn(goods.hsn):
            yield say(
                "G03",
                _(
                    "%(row)s: %(hsn)s is not an HSN code of goods.",
                    row=row_name(row, goods),
                    hsn=or_empty(goods.hsn),
                ),
                fix=_("Enter the 4, 6 or 8 digits printed on the purchase invoice."),
                **facts,
            )
        elif len(goods.hsn) < needed:
            yield say(
                "G03",
                _(
                    "%(row)s: HSN %(hsn)s has %(digits)s digits, but this turnover asks for %(needed)s.",
                    row=row_name(row, goods),
                    hsn=goods.hsn,
                    digits=len(goods.hsn),
                    needed=needed,
                ),
                fix=_("Enter the longer code from the purchase invoice."),
                **facts,
            )
        elif turnover_paise is None and len(goods.hsn) < _MANY_DIGITS:
            yield say(
                "G03",
                _(
                    "%(row)s: not checked whether %(digits)s digits of HSN are enough, because the "
                    "turnover is not known.",
                    row=row_name(row, goods),
                    digits=len(goods.hsn),
                ),
                severity=Severity.INFO,
                **facts,
            )


def _rate(row: int, goods: GoodsLine, rate: Rate | None, unclear: RateUnclear | None) -> Iterator[Finding]:
    name, facts = row_name(row, goods), row_facts(row, goods)
    if unclear is not None:
        facts |= {"choices": list(unclear.choices), "reason": unclear.code}
        message = _("%(row)s: %(why)s.", row=name, why=unclear.message)
        yield say("G04", message, fix=_choose(unclear), **facts)
    elif rate is not None and rate.confidence != "H":
        severity = Severity.WARN if rate.confidence == "L" else Severity.INFO
        yield say(
            "G04",
            _(
                "%(row)s: %(rate)s rests on %(source)s at second hand (confidence %(confidence)s).",
                row=name,
                rate=f"{rate.basis_points / 100:g} %",
                source=rate.source,
                confidence=rate.confidence,
            ),
            severity=severity,
            fix=_("Have the rate confirmed by your accountant."),
            **facts,
        )


def _choose(unclear: RateUnclear) -> Phrase:
    if unclear.choices:
        return _("Say which goods they are: %(choices)s.", choices="; ".join(unclear.choices))
    return _("Correct the HSN code, or have the rate added to the tables with its source.")


def _amounts(lines: tuple[GoodsLine, ...]) -> Iterator[Finding]:
    if not lines:
        yield say("G06", _("There are no goods."), fix=_("Add at least one line."))
    for row, goods in enumerate(lines, start=1):
        money = (goods.mrp_paise, goods.cost_paise, goods.unit_value_paise, goods.offer_price_paise)
        facts = row_facts(row, goods)
        if goods.quantity <= 0:
            message = _(
                "%(row)s: the quantity is %(quantity)s; it must be above zero.",
                row=row_name(row, goods),
                quantity=goods.quantity,
            )
            yield say("G06", message, **facts)
        if min(money) < 0:
            message = _("%(row)s: an amount of money is negative.", row=row_name(row, goods))
            yield say("G06", message, **facts)
        made, expires = goods.manufacture_date, goods.expiry_date
        if made and expires and expires < made:
            message = _(
                "%(row)s: it expires on %(day)s, before it was made.",
                row=row_name(row, goods),
                day=day(expires),
            )
            yield say("G06", message, fix=_("Correct the dates of the batch."), **facts)


def _life(
    code: str,
    row: int,
    goods: GoodsLine,
    leaves: date,
    arrives: date,
    wanted: int,
    on_date: date,
) -> Iterator[Finding]:
    name, facts = row_name(row, goods), row_facts(row, goods)
    expires = goods.expiry_date
    if expires is None:
        if is_food(goods.hsn, on_date):
            yield say(
                code,
                _("%(row)s: not checked for remaining life, because its expiry date is not known.", row=name),
                severity=Severity.WARN,
                fix=_("Enter the expiry date of the batch."),
                **facts,
            )
        return
    left = (expires - arrives).days
    facts |= {"expiry_date": expires.isoformat(), "days_left": left, "days_wanted": wanted}
    if expires < leaves:
        message = _(
            "%(row)s expired on %(day)s: it may not be sold or moved to be sold.", row=name, day=day(expires)
        )
        fix = _("Segregate it, then return it to the company or destroy it.")
    elif left < 0:
        message = _(
            "%(row)s expires on %(day)s, before %(arrival)s when it would arrive.",
            row=name,
            day=day(expires),
            arrival=day(arrives),
        )
        fix = _("Leave the batch out, or choose a way out that ends sooner.")
    elif left < wanted:
        message = _(
            "%(row)s would have %(left)s of life left on %(day)s; %(wanted)s are asked for.",
            row=name,
            left=days(left),
            day=day(arrives),
            wanted=days(wanted),
        )
        fix = _("Choose a batch with a later expiry date, or a nearer place.")
    else:
        return
    yield say(code, message, fix=fix, severity=Severity.BLOCK, **facts)


def _retail_price(lines: tuple[GoodsLine, ...], on_date: date) -> Iterator[Finding]:
    for row, goods in enumerate(lines, start=1):
        if is_valued_from_retail_price(goods.hsn, on_date, rate_item=goods.rate_item):
            yield say(
                "P09",
                _(
                    "%(row)s: the taxable value of tobacco and pan masala comes from the retail price on the "
                    "pack, which is not worked out here.",
                    row=row_name(row, goods),
                ),
                fix=_("Bill these goods in the accounting system."),
                **row_facts(row, goods),
            )
