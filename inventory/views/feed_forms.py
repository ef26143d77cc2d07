"""The form of a feed: what its system asks for, with secrets that go in and are never shown again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inventory.feeds.rest.recipe import INSTANTS, PAGINGS
from inventory.models import Feed, MappingProfile
from vyapar.farside.signatures import SCHEMES


@dataclass(frozen=True, slots=True)
class Ask:
    """One setting that a form asks for. `kind`: text, whole, choice, secret."""

    name: str
    label: Any
    hint: Any = ""
    kind: str = "text"
    choices: tuple[str, ...] = ()
    group: str = "reach"


_KINDS_OF_KEY = ("none", "key_header", "key_query", "bearer", "basic", "oauth2")
_ADDRESS = Ask("address", _("Address"), _("for instance https://erp.example.in"))
_EVENTS = (
    Ask("event_scheme", _("How it signs what it sends us"), kind="choice", choices=SCHEMES, group="events"),
    Ask("event_header", _("Header with the signature"), _("for instance X-Frappe-Webhook-Signature"),
        group="events"),
    Ask("event_id_header", _("Header with the message's id"), group="events"),
    Ask("event_does", _("What a message is"), _("rows to be taken in, or only word that there is news"),
        kind="choice", choices=("take", "pull"), group="events"),
    Ask("event_secret", _("Secret it signs with"), kind="secret", group="events"),
)  # fmt: skip
ASKED: Mapping[str, tuple[Ask, ...]] = {
    "erpnext": (
        _ADDRESS,
        Ask("key", _("API key")),
        Ask("secret", _("API secret"), kind="secret"),
        Ask("company", _("Company"), _("leave empty to take all of them")),
        Ask("territory", _("Territory of its warehouses"), _("the code of one of yours"), group="read"),
        Ask("mrp_field", _("Field with the MRP"), _("of items and batches; otherwise the price list MRP"),
            group="read"),
        Ask("reference_field", _("Field for our key"), _("custom_vyapar_key unless you named it otherwise"),
            group="back"),
        Ask("offer_price_list", _("Price list for offers"), group="back"),
        *_EVENTS,
    ),
    "rest": (
        _ADDRESS,
        Ask("path", _("Path of the rows"), _("for instance /api/v2/invoices")),
        Ask("auth", _("How it knows us"), kind="choice", choices=_KINDS_OF_KEY),
        Ask("auth_name", _("Name of the header or parameter"), _("for a key; usually X-Api-Key or api_key")),
        Ask("user", _("User"), _("for basic")),
        Ask("client_id", _("Client id"), _("for oauth2")),
        Ask("token_url", _("Address of its tokens"), _("for oauth2")),
        Ask("scope", _("Scope"), _("for oauth2")),
        Ask("key", _("Key"), kind="secret"),
        Ask("token", _("Token"), _("for bearer"), kind="secret"),
        Ask("password", _("Password"), _("for basic"), kind="secret"),
        Ask("client_secret", _("Client secret"), _("for oauth2"), kind="secret"),
        Ask("rows", _("Where the rows are"), _("a JMESPath such as data.items; empty: the whole answer"),
            group="read"),
        Ask("row_key", _("What makes two rows the same"), _("for instance id; the last one counts"),
            group="read"),
        Ask("paging", _("Pages"), kind="choice", choices=PAGINGS, group="read"),
        Ask("page_param", _("Parameter of the page"), group="read"),
        Ask("size_param", _("Parameter of its size"), group="read"),
        Ask("size", _("Rows a page"), kind="whole", group="read"),
        Ask("next_path", _("Where the next page is told"), group="read"),
        Ask("since_param", _("Parameter for changes since"), group="read"),
        Ask("since_path", _("Where a row tells its change"), _("for instance updated_at"), group="read"),
        Ask("since_format", _("How instants are written"), kind="choice", choices=INSTANTS, group="read"),
        Ask("push_path", _("Path for decisions"), group="back"),
        Ask("push_accepted", _("Where it says yes"), group="back"),
        Ask("push_number", _("Where its number is"), group="back"),
        Ask("push_reason", _("Where its reason is"), group="back"),
        *_EVENTS,
        Ask("event_rows", _("Where rows are in what it sends"), group="events"),
    ),
    "drop": (
        Ask("folder", _("Folder"), _("a plain name below your own folder on this server")),
        Ask("endpoint", _("Address of the bucket's service"), _("empty for Amazon's own")),
        Ask("bucket", _("Bucket"), _("empty for a folder")),
        Ask("prefix", _("Prefix in the bucket")),
        Ask("region", _("Region"), _("for instance ap-south-1")),
        Ask("key", _("Access key")),
        Ask("secret", _("Secret key"), kind="secret"),
        Ask("pattern", _("Names to take"), _("for instance *.csv, *.xlsx"), group="read"),
        Ask("opens_with", _("Read as"), _("by the ending of the name unless you say"), kind="choice",
            choices=("files", "tally"), group="read"),
    ),
    "tally": (
        Ask("url", _("Address of Tally"), _("for instance http://192.168.1.20:9000")),
        Ask("company", _("Company")),
    ),
}  # fmt: skip
GROUPS = (
    ("reach", _("How it is reached")),
    ("read", _("What is taken, and how it is read")),
    ("back", _("What goes back")),
    ("events", _("What it sends by itself")),
)
_MINUTES = (0, 5, 15, 60, 240, 1440)


class FeedForm(forms.Form):
    """A feed of one system: new, or `feed` changed."""

    name = forms.CharField(label=_("Name"), max_length=120)
    code = forms.SlugField(
        label=_("Short name"), max_length=40, help_text=_("small letters, digits and hyphens; it stays")
    )
    every = forms.TypedChoiceField(label=_("Pull it"), coerce=int)
    fresh_hours = forms.IntegerField(
        label=_("Hours its data stay fresh"), min_value=1, max_value=2160,
        help_text=_("with older data agents do nothing by themselves"),
    )  # fmt: skip
    profile = forms.ModelChoiceField(
        MappingProfile.objects.order_by("name", "-version"), label=_("Mapping profile"), required=False
    )
    more = forms.CharField(
        label=_("Other settings"), required=False, widget=forms.Textarea(attrs={"rows": 4, "class": "mono"}),
        help_text=_("a JSON object, for what no field above asks for"),
    )  # fmt: skip

    def __init__(self, system: str, *args: Any, feed: Feed | None = None, **kwargs: Any) -> None:
        self._asked = ASKED.get(system, ())
        self._feed = feed
        known = dict(feed.settings) if feed else {}
        asked = [ask for ask in self._asked if ask.kind != "secret"]
        initial = {_field_name(ask): known.pop(ask.name, "") for ask in asked}
        if feed:
            initial |= {
                "name": feed.name, "code": feed.code, "every": feed.every_seconds, "profile": feed.profile_id,
                "fresh_hours": feed.fresh_hours,
            }  # fmt: skip
        initial["more"] = json.dumps(known, indent=1, ensure_ascii=False) if known else ""
        kwargs["initial"] = {"fresh_hours": 36, "every": 0, **initial}
        super().__init__(*args, **kwargs)
        chosen = sorted({minutes * 60 for minutes in _MINUTES} | {initial.get("every", 0)})
        self.fields["every"].choices = [(seconds, _interval(seconds)) for seconds in chosen]  # type: ignore[attr-defined]
        for ask in self._asked:
            self.fields[_field_name(ask)] = self._field(ask)
        if feed:
            del self.fields["code"]

    def _field(self, ask: Ask) -> forms.Field:
        if ask.kind == "secret":
            kept = bool(self._feed and self._feed.secrets.get(ask.name))
            hint = gettext("kept; leave empty to keep it, write - to take it away") if kept else ask.hint
            widget = forms.PasswordInput(attrs={"autocomplete": "new-password"}, render_value=False)
            return forms.CharField(label=ask.label, help_text=hint, required=False, widget=widget, strip=True)
        if ask.kind == "choice":
            choices = [("", "—"), *((one, one.replace("_", " ")) for one in ask.choices)]
            return forms.ChoiceField(label=ask.label, help_text=ask.hint, required=False, choices=choices)
        if ask.kind == "whole":
            return forms.IntegerField(label=ask.label, help_text=ask.hint, required=False, min_value=0)
        return forms.CharField(label=ask.label, help_text=ask.hint, required=False, max_length=500)

    @property
    def groups(self) -> list[tuple[Any, list[Any]]]:
        """Headings with their bound fields, for the template; empty groups are left out."""
        found = [
            (label, [self[_field_name(ask)] for ask in self._asked if ask.group == group])
            for group, label in GROUPS
        ]
        return [(label, fields) for label, fields in found if fields]

    def clean_more(self) -> dict[str, Any]:
        text = self.cleaned_data["more"].strip()
        try:
            found = json.loads(text) if text else {}
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(gettext("write a JSON object")) from error
        if not isinstance(found, dict):
            raise forms.ValidationError(gettext("write a JSON object"))
        return found

    @property
    def settings(self) -> dict[str, Any]:
        """The feed's settings as they were written."""
        asked = {
            ask.name: self.cleaned_data[_field_name(ask)]
            for ask in self._asked
            if ask.kind != "secret" and self.cleaned_data.get(_field_name(ask)) not in (None, "")
        }
        return {**self.cleaned_data["more"], **asked}

    @property
    def secrets(self) -> dict[str, str]:
        """Secrets that were written; `-` takes one away."""
        told = {
            ask.name: self.cleaned_data.get(_field_name(ask)) for ask in self._asked if ask.kind == "secret"
        }
        return {name: "" if value == "-" else value for name, value in told.items() if value}


def _field_name(ask: Ask) -> str:
    return f"{'secret' if ask.kind == 'secret' else 'setting'}_{ask.name}"


def _interval(seconds: int) -> str:
    if not seconds:
        return gettext("only when somebody asks")
    if seconds % 3600:
        return gettext("every %(minutes)s minutes") % {"minutes": seconds // 60}
    return gettext("every %(hours)s hours") % {"hours": seconds // 3600}
