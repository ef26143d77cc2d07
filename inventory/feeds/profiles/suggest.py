"""A profile proposed for an unknown file: by the names of columns and the look of values. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from typing import Any

from inventory.contracts.feeds import RecordKind
from inventory.feeds.canonical.fields import FieldSpec, Form
from inventory.feeds.canonical.table import FIELDS
from inventory.feeds.profiles.dates import DATE_LOOK
from inventory.feeds.profiles.words import names_of, plain
from vyapar.kernel.errors import Invalid
from vyapar.kernel.gstin import is_valid
from vyapar.kernel.phrases import phrase as _

Values = Sequence[str]
_DAYS = {Form.DAY, Form.LAST_DAY, Form.INSTANT, Form.END_OF_DAY}
_NUMBERS = {Form.MONEY, Form.QUANTITY, Form.WHOLE, Form.DECIMAL}
_NUMERIC = re.compile(r"[-+(]?\s*(₹|rs\.?)?\s*\d[\d,]*(\.\d+)?\s*[)-]?(\s*[a-z]{2,6})*", re.IGNORECASE)
_LEAST = 0.55


def suggest(
    header: Sequence[str], sample_rows: Sequence[Sequence[str | None]], kind: RecordKind | None = None
) -> dict[str, Any]:
    """A spec for a file with this header, with `confidence` (0 to 1) of each source column it takes.

    Of several kinds the one is proposed whose required fields are best covered. `missing` names the
    required fields of that kind for which no column was found: the spec is then a draft. Raises
    `Invalid` when no column looks like anything known.
    """
    columns = [
        [cell for row in sample_rows if place < len(row) and (cell := row[place])]
        for place in range(len(header))
    ]
    drafts = [_draft(one, header, columns) for one in FIELDS if kind is None or one == kind]
    best = max(drafts, key=lambda draft: draft[0])
    _score, chosen, found = best
    if not found:
        raise Invalid(_("no column of this file looks like one that is known"), code="nothing_recognised")
    specs = {spec.name: spec for spec in FIELDS[chosen]}
    missing = [spec.name for spec in FIELDS[chosen] if spec.required and spec.name not in found]
    rules = {
        name: _rule(specs[name], header[place], columns[place]) for name, (place, _share) in found.items()
    }
    table = {
        "name": chosen.value,
        "needs": [header[found[name][0]] for name in rules if specs[name].required],
        "gives": [{"kind": chosen.value, "columns": rules}],
    }
    return {
        "version": 1,
        "name": "suggested",
        "label": "Suggested",
        "tables": [table],
        "confidence": {header[place]: round(sure, 2) for place, sure in found.values()},
        "missing": missing,
    }


def _draft(
    kind: RecordKind, header: Sequence[str], columns: Sequence[Values]
) -> tuple[float, RecordKind, dict[str, tuple[int, float]]]:
    """How well a kind fits, and field -> (column, how sure): each column is given to one field."""
    specs = FIELDS[kind]
    sure = {
        (spec.name, place): likeness(kind, spec, name, columns[place])
        for spec in specs
        for place, name in enumerate(header)
    }
    found: dict[str, tuple[int, float]] = {}
    used: set[int] = set()
    order = {spec.name: n for n, spec in enumerate(specs)}
    for (name, place), value in sorted(sure.items(), key=lambda one: (-one[1], order[one[0][0]], one[0][1])):
        if value >= _LEAST and name not in found and place not in used:
            found[name] = (place, value)
            used.add(place)
    required = [spec.name for spec in specs if spec.required]
    covered = sum(found[name][1] for name in required if name in found) / len(required)
    return 10 * covered + sum(value for _, value in found.values()), kind, found


def likeness(kind: RecordKind, spec: FieldSpec, name: str, values: Values) -> float:
    """How sure it is that a column holds a field, 0 to 1: its name, lowered or raised by its values."""
    by_name = _by_name(names_of(kind, spec.name), plain(name))
    looks = _looks(spec.form)
    if looks is None or not values:
        return by_name
    share = sum(map(looks, values)) / len(values)
    if spec.form in {Form.GSTIN, Form.HSN, Form.PINCODE, Form.EMAIL} and share > 0.8:
        distinct = 0.0 if spec.form is Form.HSN and not by_name else 0.8
        return max(by_name, distinct)  # their look alone says what they are
    return by_name * (0.4 + 0.6 * share)


def _by_name(known: Sequence[str], name: str) -> float:
    if not name:
        return 0.0
    if name in known:
        return 1.0 - 0.1 * min(known.index(name), 20) / 20
    close = max(
        (difflib.SequenceMatcher(None, one, name).ratio() for one in known if len(one) > 2), default=0.0
    )
    begins = max((0.75 for one in known if len(one) > 3 and name.startswith(one)), default=0.0)
    return max(begins, 0.9 * close if close > 0.8 else 0.0)


def _looks(form: Form) -> Callable[[str], bool] | None:
    if form is Form.GSTIN:
        return lambda value: is_valid(value.strip().upper())
    if form in _DAYS:
        return lambda value: bool(DATE_LOOK.match(value.strip()))
    if form in _NUMBERS:
        return lambda value: bool(_NUMERIC.fullmatch(value.strip()))
    patterns = {
        Form.PINCODE: r"[1-9]\d{2} ?\d{3}",
        Form.HSN: r"\d{4}(\d{2}){0,2}",
        Form.PHONE: r"(\+?91[- ]?|0)?[6-9]\d{4}[- ]?\d{5}",
        Form.EMAIL: r"[^@\s]+@[^@\s]+\.[a-z]{2,}",
    }
    pattern = patterns.get(form)
    return (
        None if pattern is None else lambda value: bool(re.fullmatch(pattern, value.strip(), re.IGNORECASE))
    )


def _rule(spec: FieldSpec, name: str, values: Values) -> Any:
    return {"from": name, "date": order_of(values)} if spec.form in _DAYS else name


def order_of(values: Values) -> str:
    """Day before month, unless a number that can only be a day stands in the second place."""
    numbers = [
        parts
        for value in values
        if (parts := re.match(r"(\d{1,2})[-/. ](\d{1,2})[-/. ]\d{2,4}", value.strip()))
    ]
    first = any(int(parts[1]) > 12 for parts in numbers)
    second = any(int(parts[2]) > 12 for parts in numbers)
    return "mdy" if second and not first else "dmy"
