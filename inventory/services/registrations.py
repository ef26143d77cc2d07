"""What an owner enters of a registration by himself."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from inventory.models import GstRegistration
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Fault, Invalid, NotFound

_DIGITS = 14


@transaction.atomic
def set_fssai(gstin: str, number: str, *, actor: Actor, at: datetime) -> GstRegistration:
    """Keep the food licence number of a registration; empty takes it away.

    `Invalid` when it has not 14 digits; `NotFound` for a GSTIN that is not ours.
    """
    row = GstRegistration.objects.select_for_update().filter(gstin=gstin).first()
    if row is None:
        raise NotFound(_("there is no such registration"), code="no_such_registration")
    number = "".join(number.split())
    if number and not (number.isascii() and number.isdigit() and len(number) == _DIGITS):
        fault = Fault("bad_form", _("an FSSAI number has 14 digits"), "fssai", value=number[:40])
        raise Invalid(_("This is no FSSAI number"), code="bad_fssai", faults=[fault])
    before, row.fssai = row.fssai, number
    row.save(update_fields=["fssai"])
    append_audit(
        actor=actor, verb="FssaiSet", subject=f"registration:{gstin}", at=at,
        before={"fssai": before}, after={"fssai": number},
    )  # fmt: skip
    return row
