"""Files dropped into a folder or a bucket: taken one by one, set aside with the number of their run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from inventory.contracts.feeds import Source
from inventory.feeds.drop.places import DONE, FAILED, TAKEN, Found, Place, place_of
from inventory.feeds.system import Access, Fetched, System
from vyapar.kernel.errors import Fault, Invalid, Rejected
from vyapar.kernel.phrases import phrase as gettext

__all__ = ["SYSTEM"]

#: Names of files that are still being written by whoever puts them there.
_UNFINISHED = ("*.part", "*.partial", "*.tmp", "*.filepart", "*.crdownload", "*.swp", ".*", "~*", "*~")


def fetch(access: Access, cursor: Mapping[str, Any], folder: Path) -> Fetched:
    """Take one file, the first by name, so that what refers to another can be named after it.

    A file is taken when two looks see the same size and time; it then moves to `taken` and stays
    there until `settle`, so that a new one of the same name cannot be mistaken for it. One that was
    taken by a pull that came to nothing is taken first.
    """
    place = place_of(access)
    waiting = cursor.get("waiting") or {}
    found = [one for one in place.look(TAKEN) if one.name not in waiting]
    more = _ready(access, place, {one.name for one in place.look(TAKEN)})
    if not found and more:
        found, more = more[:1], more[1:]
        place.move("", found[0].name, TAKEN, found[0].name)
    if not found:
        return Fetched((), dict(cursor))
    first, more = found[0], found[1:] + more
    most = settings.IMPORT_MEGABYTES << 20
    if first.size > most:
        place.move(TAKEN, first.name, FAILED, first.name)
        error = Rejected(
            gettext(
                "%(name)s is larger than %(most)s MiB and was set aside", name=first.name, most=most >> 20
            ),
            code="drop_too_large",
        )
        return Fetched((), dict(cursor), complete=not more, error=error)
    target = folder / f"taken{_suffixes(first.name)}"
    place.copy(TAKEN, first.name, target)
    return Fetched(
        (target,), dict(cursor), complete=not more, simulated=access.sandbox and not place.grows,
        names=(first.name,),
    )  # fmt: skip


def settle(access: Access, name: str, number: int, well: bool) -> None:
    """Set a taken file aside: to `done` or `failed`, its run's number before its name."""
    place_of(access).move(TAKEN, name, DONE if well else FAILED, f"{number:06}-{name}" if number else name)


def check(access: Access) -> str:
    """Looks once and tells what waits."""
    names = [one.name for one in place_of(access).look() if _is_wanted(access, one.name)]
    return f"{len(names)} files wait: {', '.join(names[:5])}"[:200] if names else "no file waits"


def open_dropped(path: Path, options: Mapping[str, Any]) -> Source:
    """The file as the system that knows its ending reads it, or the one that `opens_with` names."""
    from inventory.feeds import SYSTEMS  # this package is one of them

    name = str(options.get("name") or path.name).lower()
    code = str(options.get("opens_with") or "")
    readers = [one for one in SYSTEMS.values() if one.open is not None and one.code != SYSTEM.code]
    known = [one for one in readers if (one.code == code if code else name.endswith(one.suffixes or ("\0",)))]
    if not known or known[0].open is None:
        endings = ", ".join(sorted({ending for one in readers for ending in one.suffixes}))
        message = gettext(
            "no system here reads %(ending)s: use %(endings)s",
            ending=PurePosixPath(name).suffix or gettext("files without an ending"),
            endings=endings,
        )
        raise Invalid(
            message, code="unknown_ending", faults=[Fault("unknown_ending", message, "name", value=name[:80])]
        )
    return known[0].open(path, options)


def _ready(access: Access, place: Place, taken: set[str]) -> list[Found]:
    """Dropped files that are wanted and whole, by name."""
    first = {one.name: one.version for one in place.look()}
    wanted = {
        name: version for name, version in first.items() if _is_wanted(access, name) and name not in taken
    }
    if wanted and place.grows:
        time.sleep(float(access.settings.get("stable_seconds") or 2.0))
    again = place.look() if wanted else []
    return [one for one in again if wanted.get(one.name) == one.version]


def _is_wanted(access: Access, name: str) -> bool:
    patterns = [part.strip() for part in str(access.settings.get("pattern") or "*").split(",")]
    unfinished = any(fnmatch(name.lower(), pattern) for pattern in _UNFINISHED)
    return not unfinished and any(fnmatch(name, pattern) for pattern in patterns if pattern)


def _suffixes(name: str) -> str:
    """Endings by which readers know a file, `.csv.gz` whole."""
    endings = [
        ending for ending in PurePosixPath(name).suffixes[-2:] if ending[1:].isalnum() and len(ending) < 10
    ]
    return "".join(endings).lower()


SYSTEM = System(
    code="drop",
    label=_("Drop folder or bucket"),
    open=open_dropped,
    fetch=fetch,
    check=check,
    settle=settle,
)
