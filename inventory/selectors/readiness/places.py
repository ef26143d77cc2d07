"""Is it known where we are registered and where stock stands?"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inventory.feeds.canonical import middle_of_state
from inventory.models import GstRegistration, Location, LocationKind, Territory
from vyapar.engine.contracts import Lack

#: Examples that are shown of what is missing.
SHOWN = 5
#: Degrees within which India lies.
_SOUTH, _NORTH, _WEST, _EAST = 6.0, 37.5, 68.0, 97.6


def look_at_registrations(at: datetime) -> Lack | None:
    """No GSTIN under which anything could be issued."""
    if GstRegistration.objects.filter(active=True).exclude(gstin="").exists():
        return None
    return Lack(
        message=_("no GSTIN is known: no paper can be issued"),
        fix=_("Upload your territories with the GSTIN of each"),
        link=reverse("inventory:data"),
    )


def look_at_godowns(at: datetime) -> Lack | None:
    """Territories in which stock could stand nowhere."""
    godowns = Location.objects.filter(territory=OuterRef("pk"), kind=LocationKind.GODOWN)
    bare = list(Territory.objects.exclude(Exists(godowns)).order_by("code").values_list("code", flat=True))
    if bare:
        message = ngettext(
            "%(n)d territory has no godown", "%(n)d territories have no godown", len(bare)
        ) % {"n": len(bare)}  # fmt: skip
    elif not Territory.objects.exists():
        message = _("no territory is known")
    else:
        return None
    return Lack(
        message=message,
        fix=_("Upload your godowns as locations of the kind godown, with the territory of each"),
        count=max(1, len(bare)),
        examples=tuple(bare[:SHOWN]),
        link=reverse("inventory:data"),
    )


def look_at_coordinates(at: datetime) -> Lack | None:
    """Godowns outside India, or put in the middle of their State for want of a pincode."""
    godowns = Location.objects.filter(kind=LocationKind.GODOWN).order_by("code")
    outside = (
        Q(latitude__lt=_SOUTH) | Q(latitude__gt=_NORTH) | Q(longitude__lt=_WEST) | Q(longitude__gt=_EAST)
    )
    lost = set(godowns.filter(outside).values_list("code", flat=True))
    for code, latitude, longitude, state in godowns.filter(pincode="").values_list(
        "code", "latitude", "longitude", "territory__registration__state_code"
    ):
        if _is_same((latitude, longitude), middle_of_state(state)):
            lost.add(code)
    if not lost:
        return None
    return Lack(
        message=ngettext(
            "nobody knows where %(n)d godown stands", "nobody knows where %(n)d godowns stand", len(lost)
        )
        % {"n": len(lost)},
        fix=_(
            "Upload them again with a pincode or coordinates: transfers are priced by the road between them"
        ),
        count=len(lost),
        examples=tuple(sorted(lost)[:SHOWN]),
        link=reverse("inventory:data"),
    )


def _is_same(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return all(abs(a - b) < 1e-6 for a, b in zip(one, other, strict=True))
