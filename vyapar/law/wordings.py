"""Sentences that stand in the tables, as phrases, so that the extraction of translations finds them."""

from __future__ import annotations

from vyapar.kernel.phrases import Phrase
from vyapar.kernel.phrases import phrase as _

#: Labels of the options of Rule 28, and conditions of the classes of offers, as the tables have them.
WORDINGS: dict[str, Phrase] = {
    str(one): one
    for one in (
        _("open market value"),
        _("90 %% of the price charged by the recipient to its unrelated customer"),
        _("value declared in the invoice, deemed open market value"),
        _("110 %% of cost"),
        _("the discount is shown on the invoice at or before the supply"),
        _("agreed before the supply, linked to the invoices, and the recipient has reversed the ITC"),
        _("two goods for one price; the total is apportioned over all pieces"),
        _("not a supply; ITC on the pieces given away is blocked"),
    )
}


def worded(text: str) -> str:
    """A sentence of a table as a phrase; one that is not known here stands as it is."""
    return WORDINGS.get(text, text)
