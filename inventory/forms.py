"""Forms of the inventory's pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inventory.feeds import SYSTEMS
from inventory.models import Feed


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


def system_for(title: str) -> str:
    """The code of the system that knows a file by its ending; `files` for everything else."""
    name = title.lower()
    for code, system in SYSTEMS.items():
        if code != "files" and system.open and any(name.endswith(one) for one in system.suffixes):
            return code
    return "files"
