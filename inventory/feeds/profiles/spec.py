"""A profile's spec, checked and read into values. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from inventory.contracts.feeds import RecordKind
from inventory.feeds.profiles.words import field_of
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import coded
from vyapar.kernel.phrases import phrase as _

VERSION = 1
DATE_ORDERS = ("dmy", "mdy", "ymd")
SIGNS = ("keep", "drop", "flip", "trailing")
_SOURCES = ("from", "fixed", "join", "ratio", "ordinal")


@dataclass(frozen=True, slots=True)
class Test:
    """One condition on a column: its text is one of, matches, is empty, or is a number of a sign."""

    column: tuple[str, ...]
    kind: str  # in, matches, empty, number
    value: Any


@dataclass(frozen=True, slots=True)
class Rule:
    """How one canonical column comes about; see the package's docstring."""

    source: tuple[str, ...] = ()
    fixed: str | None = None
    join: tuple[tuple[tuple[str, ...], str], ...] = ()
    ratio: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    ordinal: int | None = None
    split: tuple[str, int] | None = None
    mapped: Mapping[str, str | None] = field(default_factory=dict)
    otherwise: str | None = None
    date: str = ""
    sign: str = "keep"
    negative: tuple[Test, ...] = ()
    default: str | None = None

    def columns(self) -> tuple[tuple[str, ...], ...]:
        """The source columns it takes, each with its synonyms."""
        parts = [self.source] if self.source else []
        parts += [one for one, _ in self.join]
        parts += list(self.ratio or ())
        return tuple(parts) + tuple(test.column for test in self.negative)


@dataclass(frozen=True, slots=True)
class Gives:
    """One kind of record that a table gives."""

    kind: RecordKind
    columns: Mapping[str, Rule]
    where: tuple[Test, ...] = ()
    unique: tuple[str, ...] = ()
    needs: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Skip:
    """Rows that are not taken, and why."""

    when: tuple[Test, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One shape of file."""

    name: str
    needs: tuple[tuple[str, ...], ...]
    gives: tuple[Gives, ...]
    skip: tuple[Skip, ...] = ()
    fill_down: tuple[tuple[str, ...], ...] = ()
    fill_within: tuple[tuple[str, ...], ...] = ()
    heading: str = ""
    totals: bool = True
    ignore: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """A spec, read."""

    name: str
    label: str
    tables: tuple[TableSpec, ...]


def check(spec: Any) -> None:
    """Raise `Invalid` with everything that is wrong with a spec, each with its place in it."""
    read(spec)


def read(spec: Any) -> Profile:
    """The values of a spec; raises `Invalid` like `check`."""
    reader = _Reader()
    profile = reader.profile(spec)
    if reader.faults:
        first = reader.faults[0]
        raise Invalid(
            _("the profile is not valid: %(field)s: %(message)s", field=first.field, message=first.message),
            code="bad_profile",
            faults=reader.faults,
        )
    return profile


class _Reader:
    """Walks a spec and notes what is wrong instead of stopping at the first."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def wrong(self, place: str, message: str, value: Any = "") -> None:
        self.faults.append(Fault("bad_profile", message, field=place, value=str(value)[:200]))

    def profile(self, spec: Any) -> Profile:
        known = {"version", "name", "label", "tables", "confidence", "missing"}
        body = self.mapping(spec, "profile", known)
        if body.get("version") != VERSION:
            self.wrong("version", _("write %(version)s", version=VERSION), body.get("version"))
        tables = body.get("tables")
        if not isinstance(tables, list) or not tables:
            self.wrong("tables", _("write a list with at least one table"), tables)
            tables = []
        read_ = tuple(self.table(one, f"tables[{place}]") for place, one in enumerate(tables))
        return Profile(str(body.get("name", "")), str(body.get("label", "")), read_)

    def table(self, given: Any, at: str) -> TableSpec:
        known = {"name", "needs", "gives", "skip", "fill_down", "fill_within", "heading", "totals", "ignore"}
        body = self.mapping(given, at, known)
        gives = body.get("gives")
        if not isinstance(gives, list) or not gives:
            self.wrong(f"{at}.gives", _("write a list with at least one kind"), gives)
            gives = []
        return TableSpec(
            name=str(body.get("name", "")),
            needs=self.columns(body.get("needs", []), f"{at}.needs"),
            gives=tuple(
                one for place, value in enumerate(gives) if (one := self.gives(value, f"{at}.gives[{place}]"))
            ),
            skip=tuple(
                self.skip(one, f"{at}.skip[{n}]") for n, one in enumerate(self.items(body, "skip", at))
            ),
            fill_down=self.columns(body.get("fill_down", []), f"{at}.fill_down"),
            fill_within=self.columns(body.get("fill_within", []), f"{at}.fill_within"),
            heading=str(body.get("heading", "")),
            totals=bool(body.get("totals", True)),
            ignore=self.columns(body.get("ignore", []), f"{at}.ignore"),
        )

    def gives(self, given: Any, at: str) -> Gives | None:
        body = self.mapping(given, at, {"kind", "columns", "where", "unique", "needs"})
        try:
            kind = RecordKind(str(body.get("kind")))
        except ValueError:
            self.wrong(
                f"{at}.kind",
                _("write one of %(known)s", known=", ".join(RecordKind)),
                body.get("kind"),
            )
            return None
        columns = self.mapping(body.get("columns"), f"{at}.columns", None)
        rules = {}
        for name, rule in columns.items():
            if field_of(kind, name) is None:
                self.wrong(
                    f"{at}.columns.{name}", _("%(kind)s has no column of this name", kind=coded(kind)), name
                )
            rules[name] = self.rule(rule, f"{at}.columns.{name}")
        unique = tuple(map(str, self.items(body, "unique", at)))
        for name in unique:
            if name not in rules:
                self.wrong(f"{at}.unique", _("name columns that this kind gets"), name)
        where = self.tests(body.get("where", []), f"{at}.where")
        return Gives(kind, rules, where, unique, self.columns(body.get("needs", []), f"{at}.needs"))

    def rule(self, given: Any, at: str) -> Rule:
        if isinstance(given, str | list):
            given = {"from": given}
        body = self.mapping(
            given, at, {*_SOURCES, "split", "map", "otherwise", "date", "sign", "negative", "default"}
        )
        if sum(name in body for name in _SOURCES) != 1:
            self.wrong(at, _("write exactly one of %(known)s", known=", ".join(_SOURCES)), body)
        return Rule(
            source=self.synonyms(body["from"], f"{at}.from") if "from" in body else (),
            fixed=str(body["fixed"]) if "fixed" in body else None,
            join=self.join(body.get("join", []), f"{at}.join"),
            ratio=self.ratio(body.get("ratio"), f"{at}.ratio"),
            ordinal=self.whole(body.get("ordinal"), f"{at}.ordinal"),
            split=self.split(body.get("split"), f"{at}.split"),
            mapped={
                str(k): None if v is None else str(v)
                for k, v in self.mapping(body.get("map", {}), f"{at}.map", None).items()
            },
            otherwise=str(body["otherwise"]) if "otherwise" in body else None,
            date=self.choice(body.get("date", ""), ("", *DATE_ORDERS), f"{at}.date"),
            sign=self.choice(body.get("sign", "keep"), SIGNS, f"{at}.sign"),
            negative=self.tests(body.get("negative", []), f"{at}.negative"),
            default=str(body["default"]) if "default" in body else None,
        )

    def skip(self, given: Any, at: str) -> Skip:
        body = self.mapping(given, at, {"when", "reason"})
        tests = self.tests(body.get("when", []), f"{at}.when")
        if not tests:
            self.wrong(f"{at}.when", _("write at least one condition"))
        return Skip(tests, str(body.get("reason", "left out by the profile")))

    def tests(self, given: Any, at: str) -> tuple[Test, ...]:
        if not isinstance(given, list):
            self.wrong(at, _("write a list of conditions"), given)
            return ()
        return tuple(self.test(one, f"{at}[{place}]") for place, one in enumerate(given))

    def test(self, given: Any, at: str) -> Test:
        kinds = ("in", "matches", "empty", "number")
        body = self.mapping(given, at, {"column", *kinds})
        used = [name for name in kinds if name in body]
        if len(used) != 1:
            self.wrong(at, _("write exactly one of %(known)s", known=", ".join(kinds)), body)
            return Test(("",), "empty", value=True)
        kind, value = used[0], body[used[0]]
        if kind == "matches":
            self.pattern(value, f"{at}.matches")
        if kind == "in":
            value = tuple(map(str, value)) if isinstance(value, list) else (str(value),)
        if kind == "number":
            self.choice(value, ("zero", "negative", "positive", "nonzero"), f"{at}.number")
        return Test(self.synonyms(body.get("column"), f"{at}.column"), kind, value)

    # --- small parts -----------------------------------------------------------------------

    def mapping(self, given: Any, at: str, known: set[str] | None) -> Mapping[str, Any]:
        if not isinstance(given, Mapping):
            self.wrong(at, _("write an object"), given)
            return {}
        for name in given:
            if known is not None and name not in known:
                self.wrong(
                    f"{at}.{name}", _("unknown; known are %(known)s", known=", ".join(sorted(known))), name
                )
        return given

    def items(self, body: Mapping[str, Any], name: str, at: str) -> Sequence[Any]:
        given = body.get(name, [])
        if isinstance(given, list):
            return given
        self.wrong(f"{at}.{name}", _("write a list"), given)
        return []

    def synonyms(self, given: Any, at: str) -> tuple[str, ...]:
        names = [given] if isinstance(given, str) else given
        if not isinstance(names, list) or not names or not all(isinstance(one, str) and one for one in names):
            self.wrong(at, _("write a column's name, or a list of names for it"), given)
            return ("",)
        return tuple(names)

    def columns(self, given: Any, at: str) -> tuple[tuple[str, ...], ...]:
        if not isinstance(given, list):
            self.wrong(at, _("write a list of columns"), given)
            return ()
        return tuple(self.synonyms(one, f"{at}[{place}]") for place, one in enumerate(given))

    def join(self, given: Any, at: str) -> tuple[tuple[tuple[str, ...], str], ...]:
        if not isinstance(given, list):
            self.wrong(at, _("write a list of {from, suffix}"), given)
            return ()
        parts = []
        for place, one in enumerate(given):
            body = self.mapping(one, f"{at}[{place}]", {"from", "suffix"})
            parts.append(
                (self.synonyms(body.get("from"), f"{at}[{place}].from"), str(body.get("suffix", "")))
            )
        return tuple(parts)

    def ratio(self, given: Any, at: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
        if given is None:
            return None
        if not isinstance(given, list) or len(given) != 2:
            self.wrong(at, _("write two columns: an amount and a quantity"), given)
            return None
        above, below = self.columns(given, at)
        return above, below

    def split(self, given: Any, at: str) -> tuple[str, int] | None:
        if given is None:
            return None
        body = self.mapping(given, at, {"pattern", "take"})
        self.pattern(body.get("pattern"), f"{at}.pattern")
        return str(body.get("pattern", "")), self.whole(body.get("take", 1), f"{at}.take") or 0

    def pattern(self, given: Any, at: str) -> None:
        """Patterns run in linear time in the engine that polars has: none can hang."""
        try:
            pl.select(pl.lit("x").str.extract(given if isinstance(given, str) else "(", 0))
        except pl.exceptions.PolarsError:
            self.wrong(at, _("write a regular expression (no look-around, no back-references)"), given)

    def whole(self, given: Any, at: str) -> int | None:
        if given is None or (isinstance(given, int) and not isinstance(given, bool) and given >= 0):
            return given
        self.wrong(at, _("write a whole number"), given)
        return None

    def choice(self, given: Any, among: Sequence[str], at: str) -> str:
        if given in among:
            return str(given)
        self.wrong(at, _("write one of %(known)s", known=", ".join(one for one in among if one)), given)
        return among[0]
