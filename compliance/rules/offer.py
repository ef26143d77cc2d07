"""Rules about offers: ceiling, floor, class of the discount, channel."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from compliance.rules.rule import OfferCase, day, days, row_facts, row_name, say
from inventory.contracts.channels import ONLINE, ONLINE_LIFE_DAYS, ONLINE_LIFE_SHARE_BP
from vyapar.kernel.decision import Finding, Severity
from vyapar.kernel.errors import Invalid
from vyapar.kernel.money import BASIS_POINTS, half_up, indian
from vyapar.kernel.phrases import counted as ngettext
from vyapar.kernel.phrases import phrase as _
from vyapar.law.offers import FREE_SAMPLE, OfferTreatment, offer_treatment
from vyapar.law.wordings import worded

_CLASS_RULE = {"on_invoice": "P03", "post_sale": "P04", "buy_x_get_y": "P07", "free_sample": "P07"}


def p01(case: OfferCase) -> Iterator[Finding]:
    """No price is above the MRP printed on the batch."""
    for line in case.lines:
        goods, facts = line.goods, row_facts(line.row, line.goods)
        if goods.mrp_paise == 0:
            yield say(
                "P01",
                _(
                    "%(row)s: not checked against the MRP, which is not known.",
                    row=row_name(line.row, goods),
                ),
                severity=Severity.WARN,
                fix=_("Enter the MRP printed on the batch."),
                **facts,
            )
        elif goods.offer_price_paise > goods.mrp_paise:
            yield say(
                "P01",
                _(
                    "%(row)s: the offer price %(price)s is above the MRP %(mrp)s of the batch.",
                    row=row_name(line.row, goods),
                    price=indian(goods.offer_price_paise),
                    mrp=indian(goods.mrp_paise),
                ),
                fix=_("Lower the price to the MRP or below."),
                **facts,
            )


def offer_class(case: OfferCase) -> Iterator[Finding]:
    """What the class of the offer means for value, credit and paper (P03, P04, P07)."""
    code = _CLASS_RULE.get(case.facts.offer_class, "P04")
    try:
        treatment = offer_treatment(case.facts.offer_class, case.own_date)
    except Invalid as invalid:
        yield say(code, _("%(why)s.", why=invalid.message), field="offer_class")
        return
    yield say(
        code,
        _treatment_sentence(treatment),
        severity=Severity.WARN if treatment.reduces_value == "conditional" else Severity.INFO,
        fix=_treatment_fix(treatment),
        source=treatment.source,
    )


def p06(case: OfferCase) -> Iterator[Finding]:
    """A price below landed cost is a choice that somebody makes with a reason."""
    for line in case.lines:
        if line.net_paise is None or case.facts.offer_class == FREE_SAMPLE:
            continue
        if line.net_paise < line.goods.cost_paise:
            yield say(
                "P06",
                _(
                    "%(row)s: %(price)s without GST is below the landed cost of %(cost)s.",
                    row=row_name(line.row, line.goods),
                    price=indian(line.net_paise),
                    cost=indian(line.goods.cost_paise),
                ),
                fix=_("Have it approved with the reason, such as the expiry date."),
                net_paise=line.net_paise,
                cost_paise=line.goods.cost_paise,
                **row_facts(line.row, line.goods),
            )


def p08(case: OfferCase) -> Iterator[Finding]:
    """E-commerce asks for 30 % of the life, or 45 days where that is less, at delivery."""
    for line in case.lines:
        if not set(ONLINE).intersection(line.goods.trade_channels):
            continue
        goods, facts = line.goods, row_facts(line.row, line.goods)
        if goods.expiry_date is None or goods.manufacture_date is None:
            yield say(
                "P08",
                _(
                    "%(row)s: not checked for e-commerce, because its life is not known.",
                    row=row_name(line.row, goods),
                ),
                severity=Severity.WARN,
                fix=_("Enter the manufacture and expiry dates of the batch."),
                **facts,
            )
            continue
        life = (goods.expiry_date - goods.manufacture_date).days
        wanted = min(-(-life * ONLINE_LIFE_SHARE_BP // 10_000), ONLINE_LIFE_DAYS)
        left = (goods.expiry_date - case.facts.ends_on).days
        if left < wanted:
            yield say(
                "P08",
                _(
                    "%(row)s would have %(left)s of life at delivery; e-commerce asks for %(wanted)s.",
                    row=row_name(line.row, goods),
                    left=days(max(left, 0)),
                    wanted=wanted,
                ),
                fix=_(
                    "Leave e-commerce out, or end the offer by %(day)s.",
                    day=day(goods.expiry_date - timedelta(days=wanted)),
                ),
                **facts,
            )


def p10(case: OfferCase) -> Iterator[Finding]:
    """The price without GST keeps the distributor's margin floor, counted on landed cost."""
    for line in case.lines:
        if line.net_paise is None or case.facts.offer_class == FREE_SAMPLE:
            continue
        floor = floor_price(line.goods.cost_paise, case.facts.margin_floor_bp)
        if line.net_paise < floor:
            yield say(
                "P10",
                _(
                    "%(row)s: %(price)s without GST is below the floor of %(floor)s "
                    "(landed cost %(margin)s).",
                    row=row_name(line.row, line.goods),
                    price=indian(line.net_paise),
                    floor=indian(floor),
                    margin=f"{case.facts.margin_floor_bp / 100:+g} %",
                ),
                fix=_("Give a smaller discount, or have the margin floor changed."),
                net_paise=line.net_paise,
                floor_paise=floor,
                **row_facts(line.row, line.goods),
            )


def m01(case: OfferCase) -> Iterator[Finding]:
    """Consent is asked for each person when the message is sent."""
    if case.facts.recipients:
        yield say(
            "M01",
            ngettext(
                "Consent and sending hours of %(count)s recipient are checked when the message is sent.",
                "Consent and sending hours of %(count)s recipients are checked when each message is sent.",
                case.facts.recipients,
            ),
            severity=Severity.INFO,
        )


def floor_price(cost_paise: int, margin_floor_bp: int) -> int:
    """The lowest price without GST: landed cost with the margin floor on top, half-up."""
    return half_up(Decimal(cost_paise) * (BASIS_POINTS + margin_floor_bp) / BASIS_POINTS)


def _treatment_sentence(treatment: OfferTreatment) -> str:
    condition = worded(treatment.condition)
    return {
        "yes": _("The discount lowers the taxable value: %(condition)s.", condition=condition),
        "no supply": _("Free samples are no supply, and the credit on them must be reversed."),
        "conditional": _(
            "A discount after the sale lowers the tax only where it was %(condition)s.", condition=condition
        ),
    }[treatment.reduces_value]


def _treatment_fix(treatment: OfferTreatment) -> str:
    return {
        "yes": "",
        "no supply": _("Keep the sample register and reverse the credit in GSTR-3B 4(B)(1)."),
        "conditional": _("Show the discount on the invoice, or give a financial credit note without GST."),
    }[treatment.reduces_value]
