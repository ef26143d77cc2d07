"""Forms of the inventory's pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inventory.feeds import SYSTEMS
from inventory.models import Category, Feed, Territory
from vyapar.kernel.errors import Fault


class UploadForm(forms.Form):
    """A file and where it comes from: a feed there is, or a system that reads files."""

    file = forms.FileField(label=_("File"), help_text=_("CSV, Excel, ODS, JSON, Parquet, or Tally's XML"))
    feed = forms.ChoiceField(
        label=_("Where it comes from"), required=False, help_text=_("Known by its ending unless you say")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = {
            feed.code: feed.name
            for feed in Feed.objects.order_by("name")
            if feed.system in SYSTEMS and SYSTEMS[feed.system].open is not None
        }
        new = {
            code: str(system.label) for code, system in SYSTEMS.items() if system.open and code not in known
        }
        self.fields["feed"].choices = [("", _("By the file's ending")), *known.items(), *new.items()]  # type: ignore[attr-defined]


class OverrideForm(forms.Form):
    """What is known better than the forecast. `fixed`: what it covers stands and is not asked for."""

    level = forms.ChoiceField(
        label=_("For what"),
        choices=[
            ("item", _("One SKU in one territory")),
            ("sku", _("One SKU everywhere")),
            ("category", _("A category")),
            ("territory", _("A territory")),
            ("all", _("Everything")),
        ],
    )
    sku = forms.CharField(label=_("SKU"), required=False, max_length=60, help_text=_("its code"))
    category = forms.ChoiceField(label=_("Category"), required=False)
    territory = forms.ChoiceField(label=_("Territory"), required=False)
    from_date = forms.DateField(
        label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    to_date = forms.DateField(
        label=_("To"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("this day too"),
    )  # fmt: skip
    factor = forms.FloatField(
        label=_("Times the baseline"), required=False, min_value=0, max_value=20,
        widget=forms.NumberInput(attrs={"step": "any"}),
        help_text=_("1.5 is half as much again; 0 is nothing"),
    )  # fmt: skip
    pieces = forms.IntegerField(
        label=_("Or pieces in all"), required=False, min_value=0, max_value=10**12,
        help_text=_("over these days and everything it covers"),
    )  # fmt: skip
    reason = forms.CharField(label=_("Why?"), max_length=300)

    def __init__(self, *args: Any, fixed: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        none = [("", _("None"))]
        lists = {
            "category": Category.objects.order_by("name"),
            "territory": Territory.objects.order_by("name"),
        }
        for name, rows in lists.items():
            self.fields[name].choices = [*none, *rows.values_list("code", "name")]  # type: ignore[attr-defined]
        self.fixed = fixed
        for name in ("level", "sku", "category", "territory") if fixed else ():
            self.fields[name].disabled = True

    def add_fault(self, fault: Fault) -> None:
        """Put what a service refused where the person wrote it."""
        names = {"fromDate": "from_date", "toDate": "to_date"}
        name = names.get(fault.field, fault.field)
        self.add_error(name if name in self.fields else None, fault.message)


class AdjustmentForm(forms.Form):
    """What past days of a SKU count as. `places`: code and name of the territories."""

    sku = forms.CharField(label=_("SKU"), max_length=60, help_text=_("its code"))
    territory = forms.ChoiceField(label=_("Territory"), required=False)
    from_date = forms.DateField(
        label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    to_date = forms.DateField(
        label=_("To"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("this day too, before today; at most 92 days"),
    )  # fmt: skip
    counts_as = forms.IntegerField(
        label=_("Counts as, pieces"), min_value=0, max_value=10**9,
        help_text=_("over all the days, and all the territories together"),
    )  # fmt: skip
    reason = forms.CharField(label=_("Why?"), max_length=300)

    def __init__(self, *args: Any, places: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["territory"].choices = [("", _("All of them together")), *places]  # type: ignore[attr-defined]


class ClaimForm(forms.Form):
    """A claim on a company as it was filed."""

    sku = forms.CharField(label=_("SKU"), max_length=60, help_text=_("its code"))
    batch = forms.CharField(label=_("Batch"), max_length=60)
    location = forms.CharField(label=_("Place"), max_length=40, help_text=_("the godown's code"))
    pieces = forms.IntegerField(label=_("Pieces"), min_value=1, max_value=10**12)
    amount = forms.DecimalField(
        label=_("Asked for, ₹"), min_value=0, max_digits=15, decimal_places=2, help_text=_("without GST")
    )
    filed_on = forms.DateField(
        label=_("Filed on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    reference = forms.CharField(
        label=_("Reference"), max_length=60, help_text=_("the number under which it was filed")
    )


class AnswerForm(forms.Form):
    """What a company answered to a claim."""

    credited = forms.DecimalField(
        label=_("Credited, ₹"), min_value=0, max_digits=15, decimal_places=2,
        help_text=_("without GST; 0 when it is refused"),
    )  # fmt: skip
    answered_on = forms.DateField(
        label=_("Answered on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    credit_note = forms.CharField(
        label=_("Credit note"), max_length=60, required=False, help_text=_("the company's number")
    )
    note = forms.CharField(label=_("Note"), max_length=300, required=False)


class CorrectionForm(AnswerForm):
    """Another answer in place of one that was recorded wrongly."""

    reason = forms.CharField(label=_("What was wrong with it?"), max_length=300)


class SendForm(forms.Form):
    """Goods of a claim as they leave for the company, and how it stands on their paper."""

    USUAL = "financial_credit_note"

    #: How many times goods of it had left when the form was shown: a form that is sent twice sends once.
    earlier = forms.IntegerField(widget=forms.HiddenInput, required=False)
    pieces = forms.IntegerField(label=_("Pieces"), min_value=1, max_value=10**12)
    route = forms.ChoiceField(
        label=_("How they go back"),
        choices=[
            ("financial_credit_note", _("Challan, financial credit note")),
            ("gst_credit_note", _("Challan, GST credit note")),
            ("fresh_supply", _("Your tax invoice, fresh supply")),
        ],
    )
    company = forms.CharField(label=_("Company"), max_length=200)
    gstin = forms.CharField(label=_("Its GSTIN"), max_length=15)
    address = forms.CharField(label=_("Address"), max_length=200)
    place = forms.CharField(label=_("Place"), max_length=60)
    pincode = forms.CharField(label=_("Pincode"), max_length=6)
    distance_km = forms.IntegerField(label=_("Distance, km"), min_value=0, max_value=4000, required=False)
    vehicle_number = forms.CharField(label=_("Vehicle"), max_length=20, required=False)


class BackForm(forms.Form):
    """Why goods of a claim did not leave after all."""

    reason = forms.CharField(label=_("Why?"), max_length=300)


class ReceiptForm(forms.Form):
    """What the company has of a sending, and what has become of the rest."""

    received = forms.IntegerField(label=_("Received in order, pieces"), min_value=0, max_value=10**12)
    damaged = forms.IntegerField(
        label=_("Of the rest, arrived damaged"), min_value=0, max_value=10**12, required=False
    )
    missing = forms.ChoiceField(
        label=_("What became of the rest?"),
        required=False,
        choices=[
            ("", _("Nothing is missing")),
            ("transporter", _("Lost or damaged on the road: the transporter owes for it")),
            ("lost", _("Lost or damaged: you bear it")),
            ("home", _("It came back and stands here")),
            ("company", _("The company is mistaken: it stays claimed")),
        ],
    )
    reason = forms.CharField(label=_("Why?"), max_length=300, required=False)


class RestForm(BackForm):
    """What becomes of pieces of a claim that are still here."""

    stay = forms.ChoiceField(label=_("What becomes of them?"))
    field_order = ("stay", "reason")

    def __init__(self, *args: Any, is_credited: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        credited = [
            ("destroyed", _("Credited, and destroyed here: written off, their credit reversed")),
            ("kept", _("Credited, and kept here for sale")),
        ]
        field = self.fields["stay"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [*(credited if is_credited else []), ("released", _("Not claimed any more"))]


class FateForm(BackForm):
    """What became of goods that the company did not take."""

    fate = forms.ChoiceField(
        label=_("What became of them?"),
        choices=[
            ("returned", _("They came back and stand here")),
            ("destroyed", _("They were destroyed: written off, their credit reversed")),
        ],
    )
    field_order = ("fate", "reason")


def system_for(title: str) -> str:
    """The code of the system that knows a file by its ending; `files` for everything else."""
    name = title.lower()
    for code, system in SYSTEMS.items():
        if code != "files" and system.open and any(name.endswith(one) for one in system.suffixes):
            return code
    return "files"
