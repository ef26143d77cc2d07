"""How a file is read: its sheet, a profile, and column by column where each field comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.contracts.feeds import RecordKind
from inventory.feeds.canonical import FIELDS
from inventory.feeds.profiles import SHIPPED
from inventory.models import ImportRun, MappingProfile
from inventory.selectors.imports import get_profile, get_run, list_profiles
from inventory.services import imports
from inventory.services.imports.looking import (
    Look,
    Proposed,
    draft_mapping,
    edit_mapping,
    kinds_of,
    look,
    propose_mapping,
    source_of,
    try_mapping,
)
from inventory.tasks import drive_import
from inventory.views.import_words import field_label, kind_words
from vyapar.dashboard.access import page, person
from vyapar.engine.asked import wake
from vyapar.gateway.speech import say
from vyapar.kernel.errors import VyaparError
from vyapar.people.contracts import May

_MAP = "map:"
#: Systems whose files have columns to map; others say themselves what stands where.
MAPPED = "files"


@page(May.FEED)
def mapping(request: HttpRequest, run_id: UUID) -> HttpResponseBase:
    """Choose how a file is read, see what its first rows become, and have it checked."""
    run = get_run(run_id)
    if run.feed.system != MAPPED:
        return _plain(request, run)
    try:
        tables = look(run)
        return _mapped(request, run, tables)
    except VyaparError as error:
        context = {"run": run, "error": say(error.message), "choices": _choices(request)}
        return render(request, "inventory/data/mapping.html", context)


def _plain(request: HttpRequest, run: ImportRun) -> HttpResponseBase:
    """A file that needs no mapping is checked at once."""
    if request.method == "POST" or run.options.get("wait"):
        imports.arrange_run(run.pk, options={}, actor=person(request).actor, at=timezone.now())
        wake(drive_import, str(run.pk))
    return redirect("inventory:import", run.pk)


def _mapped(request: HttpRequest, run: ImportRun, tables: tuple[Look, ...]) -> HttpResponseBase:
    given = request.POST if request.method == "POST" else request.GET
    table = next((one for one in tables if one.name == given.get("sheet")), tables[0])
    kind = _kind(given.get("kind", ""))
    proposed, error = _proposed(run, table, kind, given)
    chosen = _chosen(given, proposed, table)
    name = given.get("name", "").strip()[:80]
    spec = edit_mapping(proposed.spec, table.header, chosen, name or str(proposed.spec.get("name", "")))
    fields = [_fields(one, spec, table) for one in kinds_of(spec)]
    lacking = _lacking(fields)
    if "check" in request.POST and not error and not lacking:
        try:
            return _check(request, run, table, kind, proposed, spec, name)
        except VyaparError as refusal:
            error = say(refusal.message)
    context = {
        "run": run,
        "tables": tables,
        "table": table,
        "sample": table.sample[:5],
        "choices": _choices(request),
        "profile": given.get("profile", ""),
        "origin": proposed.origin,
        "kind": kind.value if kind else "",
        "kinds": [(one.value, kind_words(one.value)) for one in RecordKind],
        "fields": fields,
        "lacking": lacking,
        "error": error,
        "name": name,
        "asked": _token(given, kinds_of(spec)),
        **_tried(spec, table),
    }
    template = (
        "inventory/data/_mapping.html" if getattr(request, "htmx", False) else "inventory/data/mapping.html"
    )
    return render(request, template, context)


def _proposed(run: ImportRun, table: Look, kind: RecordKind | None, given: QueryDict) -> tuple[Proposed, str]:
    """The mapping that is the ground of a person's choices; an empty one where nothing is recognised."""
    wanted = given.get("profile", "")
    saved: MappingProfile | None = None
    if wanted.isdecimal():
        saved = get_profile(int(wanted))
    elif not wanted and run.profile is not None:
        saved = run.profile
    shipped = wanted if wanted in SHIPPED else ""
    try:
        return propose_mapping(table, kind=kind, profile=saved, shipped=shipped), ""
    except VyaparError as error:
        if kind is None:
            kind = RecordKind.STOCK
        said = (
            say(error.message)
            if saved or shipped
            else _("No column was recognised. Choose what the rows are about.")
        )
        return draft_mapping(kind), said


def _chosen(given: QueryDict, proposed: Proposed, table: Look) -> dict[RecordKind, dict[str, str]]:
    """Field -> column of every kind: as posted, else as proposed."""
    kinds = kinds_of(proposed.spec)
    posted = given.get("asked", "") == _token(given, kinds)  # the form was drawn for these very choices
    return {
        kind: {
            spec.name: _column(given.get(f"{_MAP}{kind.value}:{spec.name}", ""), table)
            if posted
            else source_of(proposed.spec, kind, spec.name, table.header)
            for spec in FIELDS[kind]
        }
        for kind in kinds
    }


def _token(given: QueryDict, kinds: tuple[RecordKind, ...]) -> str:
    return "|".join((given.get("profile", ""), given.get("kind", ""), given.get("sheet", ""), *kinds))


def _column(text: str, table: Look) -> str:
    return text if text in table.header else ""


def _check(
    request: HttpRequest, run: ImportRun, table: Look, kind: RecordKind | None, proposed: Proposed,
    spec: Mapping[str, Any], name: str,
) -> HttpResponseBase:  # fmt: skip
    """Keep the mapping as a profile, a new version if it changed, and have the file checked with it."""
    actor, now = person(request).actor, timezone.now()
    try_mapping(spec, table)  # raises when it cannot be used
    label = name or _("%(title)s (%(origin)s)") % {
        "title": run.feed.name,
        "origin": proposed.origin or _("own"),
    }
    profile = imports.save_profile(name=label[:80], system=MAPPED, spec=spec, actor=actor, at=now)
    options: dict[str, Any] = {"sheet": table.name, "kind": kind.value if kind else ""}
    imports.arrange_run(run.pk, options=options, actor=actor, at=now, profile=profile)
    wake(drive_import, str(run.pk))
    messages.success(request, _("It is being checked; nothing is written yet."))
    return redirect("inventory:import", run.pk)


def _choices(request: HttpRequest) -> list[tuple[str, str]]:
    saved = [(str(one.pk), f"{one.name} v{one.version}") for one in list_profiles(MAPPED)]
    shipped = [(code, str(spec.get("label") or code)) for code, spec in SHIPPED.items()]
    return [("", _("What fits best")), *saved, *shipped]


def _kind(text: str) -> RecordKind | None:
    return RecordKind(text) if text in {kind.value for kind in RecordKind} else None


def _fields(kind: RecordKind, spec: Mapping[str, Any], table: Look) -> dict[str, Any]:
    """One kind's fields with their columns; what a rule makes of no single column says so."""
    given = next(one for one in spec["tables"][0]["gives"] if one["kind"] == kind.value)
    rows = []
    for one in FIELDS[kind]:
        column = source_of(spec, kind, one.name, table.header)
        rows.append(
            {
                "name": f"{_MAP}{kind.value}:{one.name}",
                "label": field_label(one.name),
                "required": one.required,
                "says": say(one.says),
                "column": column,
                "by_rule": not column
                and one.name in given["columns"]
                and _is_made(given["columns"][one.name]),
                "lacking": one.required
                and not column
                and one.name not in given["columns"]
                and not source_of(spec, kind, f"{one.name}_paise", table.header),
            }
        )
    filled = [row for row in rows if row["column"] or row["required"] or row["by_rule"]]
    return {
        "kind": kind.value,
        "label": kind_words(kind.value),
        "rows": filled,
        "more": [row for row in rows if row not in filled],
    }


def _lacking(fields: list[dict[str, Any]]) -> str:
    """Fields that every row needs and no column was chosen for, as a sentence; empty without any."""
    names = [row["label"] for kind in fields for row in kind["rows"] if row["lacking"]]
    return _("Every row needs: %(names)s.") % {"names": ", ".join(names)} if names else ""


def _is_made(rule: Any) -> bool:
    return isinstance(rule, Mapping) and any(name in rule for name in ("fixed", "join", "ratio", "ordinal"))


def _tried(spec: Mapping[str, Any], table: Look) -> dict[str, Any]:
    """What the first rows become, or why the mapping cannot be used yet."""
    try:
        frames = try_mapping(spec, table)
    except VyaparError as error:
        return {"tried": [], "trouble": say(error.message)}
    tried = [
        {
            "label": kind_words(kind.value),
            "names": [field_label(name) for name in frame.columns if name != "row"],
            "rows": [
                ["" if cell is None else str(cell) for cell in row]
                for row in frame.drop("row").head(5).iter_rows()
            ],
        }
        for kind, frame in frames.items()
        if not frame.is_empty()
    ]
    return {"tried": tried, "trouble": ""}
