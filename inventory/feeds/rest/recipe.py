"""How one REST interface is asked, from a feed's settings. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import jmespath

from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _

PAGINGS = ("none", "page", "offset", "cursor", "next", "link")
INSTANTS = ("iso", "epoch", "epoch_ms", "day")


@dataclass(frozen=True, slots=True)
class Recipe:
    """One resource. Paths into JSON are JMESPath (`data.items`); an empty one means the whole.

    `paging`: `page` counts pages in `page_param` from `first_page`, `offset` counts rows in it,
    `cursor` hands back what stands at `next_path` in it, `next` follows the address at `next_path`,
    `link` the Link header's rel="next". `row_key` is what makes two rows the same: the last one counts,
    for a row may come twice when it is changed while its pages are read. `since_path` is where a row
    tells its change; with `since_param` only newer ones are asked for, from `overlap_seconds` early.
    """

    path: str = ""
    method: str = "GET"
    params: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    rows: str = ""
    row_key: str = ""
    paging: str = "none"
    page_param: str = "page"
    first_page: int = 1
    size_param: str = ""
    size: int = 0
    next_path: str = ""
    since_param: str = ""
    since_path: str = ""
    since_format: str = "iso"
    since_start: str = ""
    overlap_seconds: int = 300
    most: int = 100_000


def read_recipe(settings: Mapping[str, Any]) -> Recipe:
    """The recipe that settings write down; `Invalid` names each one that is not right."""
    usual, faults = Recipe(), []
    values: dict[str, Any] = {}
    for name in Recipe.__slots__:
        given, default = settings.get(name), getattr(usual, name)
        if given in (None, ""):
            continue
        wrong = _wrong(name, given, default)
        if wrong:
            faults.append(Fault("bad_setting", wrong, name, value=str(given)[:80]))
        values[name] = given
    recipe = Recipe(**values) if not faults else usual
    if recipe.paging in ("cursor", "next") and not recipe.next_path:
        faults.append(Fault("required", _("say where the answer tells what comes next"), "next_path"))
    if recipe.since_param and not recipe.since_path:
        faults.append(Fault("required", _("say where a row tells when it was changed"), "since_path"))
    if faults:
        raise Invalid(_("the feed's settings are not right"), code="bad_setting", faults=faults)
    return recipe


def _wrong(name: str, given: Any, default: Any) -> str:
    """What is wrong with one setting, in words; empty when nothing is."""
    if isinstance(default, int) and (not isinstance(given, int) or isinstance(given, bool) or given < 0):
        return _("write a whole number")
    if name == "params":
        good = isinstance(given, Mapping) and all(isinstance(value, str | int) for value in given.values())
        return "" if good else _("write names and values")
    choices = {"paging": PAGINGS, "since_format": INSTANTS, "method": ("GET", "POST")}.get(name)
    if choices and given not in choices:
        return _("choose one of %(known)s", known=", ".join(choices))
    if isinstance(default, str) and not isinstance(given, str):
        return _("write text")
    if name in ("rows", "row_key", "next_path", "since_path"):
        try:
            jmespath.compile(given)
        except jmespath.exceptions.JMESPathError as error:
            said = str(error).replace("\n", " ")[:160]
            return _("write a JMESPath such as data.items: %(error)s", error=said)
    return ""


def find(path: str, document: Any) -> Any:
    """What stands at a path of a document; None when nothing does."""
    if not path:
        return document
    try:
        return jmespath.search(path, document)
    except jmespath.exceptions.JMESPathError:  # a function met a value that it cannot take
        return None


def read_instant(value: Any) -> datetime | None:
    """An instant of a row: ISO 8601, or seconds or milliseconds since 1970; without offset it is UTC."""
    try:
        if isinstance(value, int | float) or (isinstance(value, str) and value.isdigit()):
            number = float(value)
            return datetime.fromtimestamp(number / 1000 if number > 1e11 else number, UTC)
        found = datetime.fromisoformat(str(value))
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def write_instant(at: datetime, form: str) -> str:
    """An instant as the far side wants it."""
    if form == "epoch":
        return str(int(at.timestamp()))
    if form == "epoch_ms":
        return str(int(at.timestamp() * 1000))
    at = at.astimezone(UTC)
    return at.date().isoformat() if form == "day" else at.isoformat().replace("+00:00", "Z")
