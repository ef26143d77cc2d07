"""The simulated Tally as a running thing: an HTTP server on a port of its own, with orders to fail.

Shapes: Tally's developer reference (integration with third-party applications); what it leaves out
(counters, repeated ids, refusals with HTTP 200) as integrators report of TallyPrime 7, October 2026.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from vyapar.ops.sandbox.http import Hangup, HttpServer, Request
from vyapar.ops.sandbox.replies import Reply
from vyapar.ops.sandbox.tally.books import Company, Refusal
from vyapar.ops.sandbox.tally.exports import TdlError, export, line_error
from vyapar.ops.sandbox.tally.trees import Tree, parse

_COUNTERS = ("CREATED", "ALTERED", "DELETED", "LASTVCHID", "LASTMID", "COMBINED", "IGNORED", "ERRORS",
             "CANCELLED", "EXCEPTIONS")  # fmt: skip
FAULTS = frozenset(
    {"hang", "drop", "drop_after", "half", "half_quietly", "unknown", "html", "empty", "status", "line_error"}
)


@dataclass(slots=True)
class Fault:
    """One order: which requests fail, and how.

    `hang`: silent for `seconds`; `drop`: hang up without acting; `drop_after`: act, then hang up;
    `half`: half of the answer, then hang up; `half_quietly`: half of the answer as if it were whole;
    `unknown`: the sentence for requests nobody understands; `html`: a page of something else; `empty`:
    nothing; `status`: HTTP 500; `line_error`: refused with words. `match` must occur in the request.
    """

    kind: str
    times: int = 1
    match: str = ""
    seconds: float = 2.0


class TallySandbox:
    """Companies that are open, and the server before them. Every answer is marked simulated."""

    def __init__(self, *companies: Company, port: int = 0) -> None:
        self.companies = {company.name: company for company in companies}
        self.requests: Counter[str] = Counter()
        self.bodies: list[str] = []
        self.utf16 = False
        self._faults: list[Fault] = []
        self._lock = threading.RLock()
        self._server = HttpServer(("127.0.0.1", port), self._answer)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def order(self, kind: str, *, times: int = 1, match: str = "", seconds: float = 2.0) -> None:
        """Have requests fail; see `Fault`."""
        if kind not in FAULTS:
            raise ValueError(f"a fault is one of {sorted(FAULTS)}")
        with self._lock:
            self._faults.append(Fault(kind, times, match, seconds))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    # --- answering --------------------------------------------------------------------------------------

    def _answer(self, request: Request) -> Reply:
        if request.method == "GET":
            return self._xml("<RESPONSE>TallyPrime Server is Running</RESPONSE>")
        with self._lock:
            self.bodies.append(request.text)
            fault = self._take(request.text)
        if fault is not None and fault.kind not in ("drop_after", "half", "half_quietly"):
            return self._fail(fault)
        with self._lock:  # the real one, too, does one thing at a time
            said = self._do(request.text)
        if fault is None:
            return self._xml(said)
        if fault.kind == "drop_after":
            raise Hangup
        cut = self._xml(said[: len(said) // 2])
        if fault.kind == "half":
            return Reply(
                200, raw=cut.raw, content_type=cut.content_type, headers={"Content-Encoding": "gzip"}
            )
        return cut

    def _do(self, text: str) -> str:
        request = parse(text)
        asked = self._asked(request)
        self.requests[asked] += 1
        if request is None or asked == "":
            return "<RESPONSE>Unknown Request, cannot be processed</RESPONSE>"
        if asked.startswith("import"):
            return self._import(request)
        try:
            return export(request, self.companies)
        except TdlError as error:
            return line_error(str(error))

    @staticmethod
    def _asked(request: Tree | None) -> str:
        header = request.find("HEADER") if request else None
        return header.get("TALLYREQUEST").lower() if header else ""

    def _import(self, request: Tree) -> str:
        named = next((node.text.strip() for node in request.walk() if node.tag == "SVCURRENTCOMPANY"), "")
        company = next(
            (one for one in self.companies.values() if not named or one.name.lower() == named.lower()), None
        )
        if company is None:
            return line_error(f"Could not set 'SVCurrentCompany' to '{named}'")
        counts: Counter[str] = Counter()
        errors: list[str] = []
        for message in (node for node in request.walk() if node.tag == "TALLYMESSAGE"):
            for tree in message.children:
                self._take_in(company, tree, counts, errors)
        told = [Tree("LINEERROR", text=said) for said in errors]
        told += [Tree(name, text=str(counts[name])) for name in _COUNTERS]
        return Tree("RESPONSE", children=told).xml()

    @staticmethod
    def _take_in(company: Company, tree: Tree, counts: Counter[str], errors: list[str]) -> None:
        if tree.tag != "VOUCHER":
            counts["CREATED" if company.put_master(tree) else "ALTERED"] += 1
            return
        outcome = company.take_voucher(tree)
        if isinstance(outcome, Refusal):
            counts["EXCEPTIONS"] += 1
            errors += [outcome.said] if outcome.said else []
            return
        counts[outcome.upper()] += 1
        counts["LASTVCHID"] = max(company.vouchers, default=0)

    # --- failing ----------------------------------------------------------------------------------------

    def _take(self, text: str) -> Fault | None:
        for fault in self._faults:
            if fault.match in text:
                fault.times -= 1
                if fault.times == 0:
                    self._faults.remove(fault)
                return fault
        return None

    def _fail(self, fault: Fault) -> Reply:
        if fault.kind == "hang":
            time.sleep(fault.seconds)
            raise Hangup
        if fault.kind == "drop":
            raise Hangup
        if fault.kind == "status":
            return Reply(500, raw=b"", content_type="text/html")
        if fault.kind == "empty":
            return Reply(200, raw=b"", content_type="text/xml")
        if fault.kind == "html":
            return Reply(200, raw=b"<html><body>It works!</body></html>", content_type="text/html")
        if fault.kind == "line_error":
            return self._xml(line_error("Error in TDL: Could not find description!"))
        return self._xml("<RESPONSE>Unknown Request, cannot be processed</RESPONSE>")

    def _xml(self, said: str) -> Reply:
        if self.utf16:
            return Reply(200, raw=said.encode("utf-16-le"), content_type="text/xml; charset=utf-16")
        return Reply(200, raw=said.encode(), content_type="text/xml; charset=utf-8")
