"""Views of pages: saved under a name, shared, renamed, removed."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from inventory.models import SavedView
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Fault, Invalid, NotFound
from vyapar.kernel.phrases import phrase as gettext

#: Views one person keeps of one page.
MOST = 30


@transaction.atomic
def save_view(
    *, page: str, name: str, query: str, shared: bool, user_id: int, actor: Actor, at: datetime
) -> SavedView:
    """Keep a page's query under a name of one's own; the same name is replaced.

    `Invalid` names a missing or long name, a page that keeps none, and one view too many.
    """
    name = " ".join(name.split())
    faults = _name_faults(name)
    if page not in SavedView.Page.values:
        faults.append(Fault("page", _("this page keeps no views"), "page", value=page[:20]))
    if len(query) > 500 or "\x00" in query:
        faults.append(Fault("query", _("these filters are too long to keep"), "query"))
    mine = SavedView.objects.filter(page=page, user_id=user_id)
    if not faults and mine.count() >= MOST and not mine.filter(name=name).exists():
        message = _("%(most)d views are kept; remove one first") % {"most": MOST}
        faults.append(Fault("too_many", message, "name"))
    if faults:
        raise Invalid(_("The view cannot be kept so"), code="bad_view", faults=faults)
    view, _new = SavedView.objects.update_or_create(
        page=page, user_id=user_id, name=name, defaults={"query": query, "shared": shared, "made_at": at}
    )
    if shared:
        append_audit(
            actor=actor,
            verb="ViewShared",
            subject=f"view:{view.pk}",
            at=at,
            after={"page": page, "name": name},
        )
    return view


@transaction.atomic
def rename_view(view_id: int, *, name: str, user_id: int, actor: Actor, at: datetime) -> SavedView:
    """Give a view of one's own another name; its filters and who sees it stay.

    `Invalid` for a missing or long name and for one that another view of theirs has, `NotFound` for
    another person's view.
    """
    mine = SavedView.objects.select_for_update().filter(user_id=user_id)
    view = next((row for row in mine if row.pk == view_id), None)
    if view is None:
        raise NotFound(gettext("there is no such view of yours"), code="no_such_view")
    name, before = " ".join(name.split()), view.name
    faults = _name_faults(name)
    if any(row.name == name and row.page == view.page and row.pk != view_id for row in mine):
        message = gettext("another view of yours has this name; take another, or remove that one")
        faults.append(Fault("name_taken", message, "name", value=name))
    if faults:
        raise Invalid(gettext("The view cannot be named so"), code="bad_view", faults=faults)
    if name == before:
        return view
    view.name = name
    view.save()
    if view.shared:
        append_audit(
            actor=actor, verb="ViewRenamed", subject=f"view:{view.pk}", at=at,
            before={"name": before}, after={"page": view.page, "name": name},
        )  # fmt: skip
    return view


def _name_faults(name: str) -> list[Fault]:
    if 0 < len(name) <= 60 and name.isprintable():
        return []
    return [Fault("name", gettext("write a name of 1 to 60 letters"), "name", value=name[:80])]


@transaction.atomic
def remove_view(view_id: int, *, user_id: int) -> None:
    """Remove a view of one's own; `NotFound` for another's."""
    gone, _rows = SavedView.objects.filter(pk=view_id, user_id=user_id).delete()
    if not gone:
        raise NotFound(gettext("there is no such view of yours"), code="no_such_view")
