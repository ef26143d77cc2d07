"""Pulling a company out of a running Tally: masters, vouchers, what was deleted, what stands where."""

from __future__ import annotations

import calendar
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from inventory.feeds.addresses import check_address, is_private_allowed
from inventory.feeds.system import Access, Fetched
from inventory.feeds.tally import requests
from inventory.feeds.tally.answers import NAME, Company
from inventory.feeds.tally.client import LARGEST_ANSWER, TallyClient
from inventory.feeds.tally.days import parse_day
from inventory.feeds.tally.identities import Known
from inventory.feeds.tally.requests import MASTERS, Period, element
from inventory.feeds.tally.spool import Spool
from inventory.feeds.tally.words import same_company
from vyapar.farside.http import Timeouts
from vyapar.farside.resilience import RetryPolicy, breakers
from vyapar.kernel.calendar import IST, financial_year_bounds, ist_day
from vyapar.kernel.errors import Misconfigured, Rejected, Unavailable
from vyapar.kernel.phrases import phrase as _

#: Masters by which the others are understood; they are few and come whole every time.
_GROUND = ("Unit", "Group", "Stock Group", "Stock Category", "GST Classification", "Voucher Type")
_TOLD = ("Godown", "Ledger", "Stock Item")
_TOO_LARGE = f"{NAME}_too_large"
#: Settings that reading needs; they travel with the file, so that it reads the same ever after.
_READING = (
    "territory", "pincode", "godowns", "parties", "retailer_groups", "voucher_types", "units",
    "sale_locations",
)  # fmt: skip
_MASTER_ID = re.compile(r"<MASTERID[^>]*>\s*(\d{1,10})\s*<")
T = TypeVar("T")


@dataclass(slots=True)
class _Cursor:
    """Where a pull stands.

    `masters` and `vouchers`: AlterIDs up to which everything is taken. While a pull is under way `stage`
    names what comes next, `month` the first day not yet taken, and `to_masters`, `to_vouchers` the
    counters the pull began at: what changes meanwhile belongs to the next one. `known`: ids of the
    vouchers in the books when last looked; `revisions`: how often those were altered since that were;
    `day`: that of the last whole pull.
    """

    guid: str = ""
    masters: int = 0
    vouchers: int = 0
    stage: str = ""
    month: str = ""
    to_masters: int = 0
    to_vouchers: int = 0
    known: str = ""
    revisions: str = ""
    day: str = ""

    @classmethod
    def of(cls, cursor: Mapping[str, Any]) -> _Cursor:
        blank = cls().plain()
        return cls(**{name: type(own)(cursor.get(name) or own) for name, own in blank.items()})

    def plain(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def client_of(access: Access) -> TallyClient:
    """The client of a feed. Settings: `url`, `timeout_seconds`."""
    seconds = float(access.settings.get("timeout_seconds") or 180)
    return TallyClient(
        check_address(access, str(access.settings.get("url") or "http://localhost:9000")),
        timeout=Timeouts(connect_seconds=min(seconds, 5.0), read_seconds=seconds),
        retry=RetryPolicy(attempts=3, first_wait_seconds=min(1.0, seconds / 4), budget_seconds=seconds * 3),
        largest=LARGEST_ANSWER,
        private_allowed=is_private_allowed(access),
    )


def check(access: Access) -> str:
    """Which Tally answers and that the feed's company is open in it."""
    with client_of(access) as client:
        server = guarded(access, client.server)
        company = open_company(access, client)
    since = f", books from {company.books_from:%d-%m-%Y}" if company.books_from else ""
    return f"{server}: {company.name}{since}"


def open_company(access: Access, client: TallyClient) -> Company:
    """The feed's company among those that are open; the only one when the feed names none."""
    wanted = str(access.settings.get("company") or "")
    companies = guarded(access, client.companies)
    found = [company for company in companies if not wanted or same_company(company.name, wanted)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(company.name for company in companies) or "none"
    said = (
        f"{wanted} is not open in Tally" if wanted else "several companies are open: set the feed's company"
    )
    raise Misconfigured(_("%(said)s (open: %(names)s)", said=said, names=names), code="tally_company")


def fetch(access: Access, cursor: Mapping[str, Any], folder: Path) -> Fetched:
    """Pull what is new into files of `folder`: everything the first time, afterwards by AlterID.

    Stages are masters, vouchers month by month, deletions, stock. What breaks off leaves the files that
    are whole and a cursor that goes on with the rest; before anything came it raises. Settings:
    `company`, `from` (first day of the first pull; else where the books begin), `stock` (`none`: stock
    is not walked). Nothing is asked for when nothing changed.
    """
    with client_of(access) as client:
        company = open_company(access, client)
        pull = _Pull(access, client, company, _Cursor.of(cursor), folder)
        try:
            pull.run()
        except (Unavailable, Rejected, Misconfigured) as error:
            if not pull.files:
                raise
            cursor = pull.cursor.plain()
            return Fetched(tuple(pull.files), cursor, False, client.simulated, error)
        return Fetched(tuple(pull.files), pull.cursor.plain(), simulated=client.simulated)


class _Pull:
    """One pull under way; `cursor` is right at every moment for what `files` hold."""

    def __init__(
        self, access: Access, client: TallyClient, company: Company, cursor: _Cursor, folder: Path
    ) -> None:
        self.files: list[Path] = []
        self._access, self._client, self._company, self._folder = access, client, company, folder
        self._now = datetime.now(UTC)
        if cursor.guid and company.guid and cursor.guid != company.guid:
            raise Rejected(
                _(
                    "%(company)s in Tally is not the company pulled before: open a feed of its own for it",
                    company=company.name,
                ),
                code="tally_other_books",
            )
        self.cursor = replace(cursor, guid=company.guid)
        self._full = cursor.vouchers == 0

    def run(self) -> None:
        cursor, company = self.cursor, self._company
        if not cursor.stage:
            if (company.masters, company.vouchers) == (cursor.masters, cursor.vouchers) and company.vouchers:
                return
            cursor.stage, cursor.to_masters, cursor.to_vouchers = "masters", company.masters, company.vouchers
        while cursor.stage:
            getattr(self, f"_{cursor.stage}")()

    # --- stages ----------------------------------------------------------------------------------

    def _masters(self) -> None:
        with self._spool("masters", stock="No") as spool:
            for kind in _GROUND:
                spool.add(self._ask_masters(kind, MASTERS[kind]), context=True)
            for kind in _TOLD:
                spool.add(self._ask_masters(kind, MASTERS[kind], after=self.cursor.masters))
        self._keep(spool, only_if_told=True)
        self.cursor.stage, self.cursor.month = "vouchers", ""

    def _vouchers(self) -> None:
        if self._full:
            for period in self._periods():
                with self._spool(f"vouchers-{period.first:%Y-%m}", stock="No") as spool:
                    self._write_ground(spool)
                    for part in self._ask_vouchers(requests.VOUCHER, period):
                        spool.add(part)
                self._keep(spool, only_if_told=True)
                self.cursor.month = (period.last + timedelta(days=1)).isoformat()
        else:
            self._changes()
        self.cursor.stage, self.cursor.month = "stock", ""

    def _changes(self) -> None:
        """Vouchers changed since the last pull whatever their day, and those whose day has come since."""
        known, revisions = Known.parse(self.cursor.known), _read_revisions(self.cursor.revisions)
        today, last = ist_day(self._now), parse_day(self.cursor.day)
        asked = [(self._whole(), self.cursor.vouchers)]
        asked += [(Period(last + timedelta(days=1), today), 0)] if last and last < today else []
        told: set[int] = set()
        with self._spool("vouchers-changed", stock="No") as spool:
            self._write_ground(spool)
            for period, after in asked:
                for part in self._ask_vouchers(requests.VOUCHER, period, after=after):
                    altered = {one for one in _ids(part) if one <= known.last} - told
                    revisions |= {one: revisions.get(one, 0) + 1 for one in altered}
                    told |= altered
                    here = {one: revisions[one] for one in _ids(part) if one in revisions}
                    spool.note({"SVREVISIONS": _write_revisions(here)})
                    spool.add(part)
        self._keep(spool, only_if_told=True)
        self.cursor.revisions = _write_revisions(revisions)

    def _stock(self) -> None:
        """The whole walk anew, and on the way which vouchers are gone."""
        known, seen = Known.parse(self.cursor.known), Known()
        walks = self._access.settings.get("stock") != "none"
        with self._spool("stock", stock="Walk" if walks else "No") as spool:
            self._write_ground(spool)
            if walks:
                spool.add(self._ask(requests.list_stock(self._company.name, self._whole())), context=True)
            for period in self._periods():
                for part in self._ask_vouchers(requests.MOVEMENT, period):
                    seen.add_all(_ids(part))
                    if walks:
                        spool.add(part, context=True)
        self._check_silence(seen)
        gone = known.without(seen)
        if gone:
            self._keep_deleted(gone)
        if walks:
            self._keep(spool)
        else:
            spool.path.unlink()
        cursor = self.cursor
        cursor.masters, cursor.vouchers, cursor.known = cursor.to_masters, cursor.to_vouchers, seen.plain()
        cursor.stage, cursor.month, cursor.day = "", "", ist_day(self._now).isoformat()

    def _check_silence(self, seen: Known) -> None:
        """No vouchers at all from books that have some is a question that was not understood."""
        if not seen and self._company.vouchers and self._full:
            raise Rejected(
                _("Tally shows no voucher although the books hold some: check the period it is set to"),
                code="tally_silent",
            )

    def _keep_deleted(self, gone: Sequence[int]) -> None:
        with self._spool("vouchers-deleted", stock="No") as spool:
            for one in gone:
                ids = element("GUID", f"{self._company.guid}-{one:08x}"), element("MASTERID", str(one))
                # later than every self there was, also those in imports that are written after this one
                last = element("ALTERID", str(self.cursor.to_vouchers))
                spool.add(element("VOUCHER", *ids, last, ACTION="Delete"))
        self._keep(spool)

    # --- asking ------------------------------------------------------------------------------------

    def _ask(self, request: bytes) -> str:
        return guarded(self._access, self._client.export, request)

    def _ask_masters(self, kind: str, fields: Sequence[str], after: int = 0) -> str:
        return self._ask(requests.list_masters(self._company.name, kind, fields, after=after))

    def _ask_vouchers(self, fields: Sequence[str], period: Period, after: int = 0) -> Iterator[str]:
        """Vouchers of a period; one that is too much for one answer is asked for in halves."""
        try:
            yield self._ask(requests.list_vouchers(self._company.name, fields, period, after=after))
            return
        except Rejected as error:
            if error.code != _TOO_LARGE or period.first >= period.last:
                raise
        middle = period.first + (period.last - period.first) / 2
        yield from self._ask_vouchers(fields, Period(period.first, middle), after)
        yield from self._ask_vouchers(fields, Period(middle + timedelta(days=1), period.last), after)

    def _write_ground(self, spool: Spool) -> None:
        """What vouchers are understood by: units, items' units, types, groups."""
        for kind in ("Unit", "Group", "Voucher Type"):
            spool.add(self._ask_masters(kind, MASTERS[kind]), context=True)
        spool.add(self._ask_masters("Stock Item", requests.ITEM_UNITS), context=True)

    # --- days --------------------------------------------------------------------------------------

    def _first_day(self) -> date:
        told = parse_day(str(self._access.settings.get("from") or ""))
        return told or self._company.books_from or financial_year_bounds(ist_day(self._now))[0]

    def _whole(self) -> Period:
        """From the first day of the books to the end of next year: post-dated vouchers are in it."""
        return Period(
            self._company.books_from or self._first_day(), date(ist_day(self._now).year + 1, 12, 31)
        )

    def _periods(self) -> list[Period]:
        """Months not yet taken, the last one open to the end of what may be entered ahead."""
        last = ist_day(self._now)
        begin = self._first_day() if self.cursor.stage == "vouchers" else self._whole().first
        first = parse_day(self.cursor.month) or begin
        found: list[Period] = []
        while first <= last:
            end = first.replace(day=calendar.monthrange(first.year, first.month)[1])
            found.append(Period(first, end))
            first = end + timedelta(days=1)
        return found

    # --- files -------------------------------------------------------------------------------------

    def _spool(self, name: str, *, stock: str) -> Spool:
        path = self._folder / f"{len(self.files):03d}-{name}.xml"
        reading = {key: self._access.settings[key] for key in _READING if key in self._access.settings}
        notes = {
            "SVSETTINGS": json.dumps(reading, ensure_ascii=False),
            "SVCURRENTCOMPANY": self._company.name,
            "SVASOF": self._now.astimezone(IST).isoformat(timespec="seconds"),
            "SVSTOCK": stock,
        }
        return Spool(path, notes)

    def _keep(self, spool: Spool, *, only_if_told: bool = False) -> None:
        if spool.told or not only_if_told:
            self.files.append(spool.path)
        else:
            spool.path.unlink()


def _ids(part: str) -> list[int]:
    """The ids of the vouchers in an answer."""
    return [int(found) for found in _MASTER_ID.findall(part)]


def _read_revisions(told: str) -> dict[int, int]:
    pairs = (pair.partition(":") for pair in told.split(",") if pair)
    return {int(one): int(revision) for one, _, revision in pairs}


def _write_revisions(revisions: Mapping[int, int]) -> str:
    return ",".join(f"{one}:{revision}" for one, revision in sorted(revisions.items()))


def guarded(access: Access, function: Callable[..., T], *args: Any) -> T:
    """Through the breaker of this feed's Tally, which all workers share."""
    far_side = f"{NAME}:{access.code}"
    return breakers(access.redis_url).call(far_side, access.tenant, function, *args)
