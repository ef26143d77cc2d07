"""What the pages of imports say for codes: causes, warnings, fields of a kind, steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from inventory.contracts.feeds import RecordKind
from inventory.feeds.canonical import FIELDS, canonical_names
from inventory.models import ImportRun
from inventory.services.imports.checking import REMEMBERED
from vyapar.dashboard.templatetags.words import plain
from vyapar.gateway.speech import say
from vyapar.kernel.money import group_indian

State = ImportRun.State


def cause_words(code: str) -> str:
    """Why pieces or rupees of a source are not in the tables, or are there otherwise."""
    whole, _dot, part = code.partition(".")
    if whole == "quarantined":
        why = plain(part)
        return _("set aside: %(why)s") % {"why": why[:1].lower() + why[1:]} if part else _("set aside")
    return {
        "duplicate": _("recorded before with the same content"),
        "cancelled": _("cancelled in the source"),
        "dropped": _("left out by a person"),
        "corrected": _("corrected by a person"),
        "valued_at_cost": _("the source values them at another cost"),
        "price_rounded": _("price of a pack, rounded to a piece"),
        "older_version": _("of an older version than the one recorded"),
        "in_statement": _("recorded; a later stock statement had counted them, the stock did not move again"),
        "overwritten": _("said again further on in the same source"),
    }.get(code, plain(code))


def kind_words(kind: str) -> str:
    """A kind of record as people call it."""
    return {
        "territories": _("Territories"),
        "locations": _("Locations"),
        "retailers": _("Retailers"),
        "skus": _("SKUs"),
        "prices": _("Prices"),
        "batches": _("Batches"),
        "purchases": _("Purchases"),
        "receipts": _("Receipts"),
        "stock": _("Stock"),
        "sales": _("Sales"),
    }.get(kind, plain(kind))


def warning_words(warning: Mapping[str, Any]) -> str:
    """What a person should think about before a checked run is written."""
    count = group_indian(int(warning.get("rows", 0)))
    code = str(warning["code"])
    if code == "no_rows":
        return _("There is no row in it that could be taken. Choose another sheet, or map its columns.")
    if code == "many_rejected":
        text = _("%(rows)s of %(of)s rows would be set aside. Is the mapping right, are the masters in?")
        return text % {"rows": count, "of": group_indian(int(warning["of"]))}
    if code == "not_compared":
        text = _("Lines that stand twice in it, %(rows)s rows apart, are found when it is written.")
        return text % {"rows": group_indian(REMEMBERED)}
    if code == "all_known":
        text = _("%(kind)s: all %(rows)s rows are recorded already; writing them changes nothing.")
        return text % {"kind": kind_words(str(warning["kind"])), "rows": count}
    return plain(code)


def field_label(name: str) -> str:
    """A field as people call it."""
    return _SHORT.get(name) or plain(name)


_SHORT = {"row": "#", "sku": "SKU", "mrp": "MRP", "hsn": "HSN", "uqc": "UQC", "gstin": "GSTIN", "itc": "ITC"}


def field_of(kind: str, name: str) -> str:
    """The canonical name of a fault's field, which carries its name at the API."""
    return canonical_names(RecordKind(kind)).get(name, name)


def field_hint(kind: str, name: str) -> str:
    """What to write in a field."""
    for spec in FIELDS[RecordKind(kind)]:
        if spec.name == name:
            return say(spec.says)
    return ""


def steps(run: ImportRun) -> list[dict[str, str]]:
    """The way of an import, each step done, at hand, to come, or ended here."""
    names = [_("Upload"), _("Map"), _("Check"), _("Import"), _("Reconcile")]
    reached = {
        State.UPLOADED: 1, State.CHECKING: 2, State.CHECKED: 2, State.WRITING: 3, State.WRITTEN: 4,
        State.RECONCILED: 5, State.UNDOING: 5, State.UNDONE: 5,
    }.get(State(run.state), 3 if run.counts else 1)  # fmt: skip
    ended = run.state in (State.FAILED, State.CANCELLED)
    return [
        {"name": name, "is": "done" if n < reached else "ended" if ended and n == reached else
         "now" if n == reached else "later"}
        for n, name in enumerate(names)
    ]  # fmt: skip
