"""What people type about a transfer: what arrived of it, and what its carriage was billed at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from reallocation.models import TransferLine


class BillForm(forms.Form):
    """A carrier's bill."""

    billed = forms.CharField(
        label=_("Billed, ₹"), max_length=20, widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        help_text=_(
            "freight, papers and handling, without GST; it corrects what the next transfers are told to cost"
        ),
    )  # fmt: skip
    reference = forms.CharField(label=_("Number of the bill"), max_length=60)


class ReceiptForm(forms.Form):
    """Pieces that came whole and those that came damaged, by line; a field left empty counts as the line
    was sent, nothing damaged."""

    def __init__(self, lines: Sequence[TransferLine], *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.lines = lines
        for line in lines:
            self._count(line, "received", gettext("Received"), line.sent)
            self._count(line, "damaged", gettext("Damaged"), 0)

    def _count(self, line: TransferLine, what: str, label: str, usual: int) -> None:
        about = {"aria-label": f"{label}: {line.name}", "max": line.sent}
        self.fields[f"{what}:{line.pk}"] = forms.IntegerField(
            required=False, min_value=0, initial=usual, widget=forms.NumberInput(attrs=about),
            error_messages={"invalid": _("Write a whole number of pieces")},
        )  # fmt: skip

    @property
    def rows(self) -> list[tuple[TransferLine, forms.BoundField, forms.BoundField]]:
        """Each line with its two fields."""
        return [(line, self[f"received:{line.pk}"], self[f"damaged:{line.pk}"]) for line in self.lines]

    @property
    def counted(self) -> dict[tuple[str, str], tuple[int, int]]:
        """`(received, damaged)` by `(sku, batch)`, as `services.receive` wants it."""
        return {
            (line.sku, line.batch): (
                self._said(f"received:{line.pk}", line.sent),
                self._said(f"damaged:{line.pk}", 0),
            )
            for line in self.lines
        }

    @property
    def names(self) -> dict[str, str]:
        """Fields by what a fault of a receipt calls its lines."""
        return {f"lines[{row}]": f"received:{line.pk}" for row, line in enumerate(self.lines, 1)}

    def _said(self, name: str, usual: int) -> int:
        pieces = self.cleaned_data.get(name)
        return usual if pieces is None else int(pieces)
