"""How GST looks at an offer: which class it is and what follows for value, credit and paper."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _
from vyapar.law.store import in_force, table

ON_INVOICE = "on_invoice"
POST_SALE = "post_sale"
BUY_X_GET_Y = "buy_x_get_y"
FREE_SAMPLE = "free_sample"

OFFER_CLASSES = (ON_INVOICE, POST_SALE, BUY_X_GET_Y, FREE_SAMPLE)


@dataclass(frozen=True, slots=True)
class OfferTreatment:
    """What follows from the class of an offer.

    `reduces_value` is yes, conditional or no supply; `itc` is none, reverse or recipient reverses.
    """

    offer_class: str
    reduces_value: str
    itc: str
    document: str
    condition: str
    source: str
    confidence: str


def offer_treatment(offer_class: str, on_date: date) -> OfferTreatment:
    """The GST treatment of an offer on a day; `Invalid` for a class the law does not know.

    Source: s.15(3) and s.17(5)(h) CGST Act, Circulars 92/11/2019 and 251/08/2025. The Finance
    Act 2026 change to s.15(3)(b) enters the table when its commencement is notified.
    """
    for row in in_force(table("offer_treatment"), on_date):
        if row["offer_class"] == offer_class:
            fields = OfferTreatment.__dataclass_fields__
            return OfferTreatment(**{name: row[name] for name in fields})
    message = _(
        "An offer is one of %(known)s, not '%(given)s'", known=", ".join(OFFER_CLASSES), given=offer_class
    )
    fault = Fault("offer_class", message, "offer_class", value=offer_class)
    raise Invalid(message, code="offer_class", faults=[fault])
