"""What the push doors say of themselves: rows, forms and examples from the table of canonical fields."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from inventory.contracts.feeds import RecordKind
from inventory.feeds.canonical import FIELDS, FieldSpec, Form
from inventory.feeds.push import under_which
from inventory.serializers import JobOut, PushReport

_PARAMETERS = [
    OpenApiParameter(
        "dryRun", bool, description="true: every row is judged as it would be, nothing is written"
    ),
    OpenApiParameter(
        "Prefer",
        str,
        OpenApiParameter.HEADER,
        enum=["respond-async"],
        description="a job, however few the rows",
    ),
    OpenApiParameter(
        "Content-Encoding", str, OpenApiParameter.HEADER, enum=["gzip", "identity"], description="of the body"
    ),
]
_PROBLEMS = {
    400: "the body broke off before its announced end",
    411: "nobody can tell where the body ends: send Content-Length, or chunks",
    413: "more than one call may carry, or packed too well",
}


def describe_push(kind: RecordKind) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The decorator that describes the door of one kind."""
    decorate: Callable[[Callable[..., Any]], Callable[..., Any]] = extend_schema(
        operation_id=f"send{kind.value.title()}",
        summary=f"{kind.value.title()} in: what is good is recorded, the rest is told row by row",
        description=_told(kind),
        parameters=_PARAMETERS,
        request={
            "application/json": _json(kind),
            "application/x-ndjson": OpenApiTypes.STR,
            "text/csv": OpenApiTypes.STR,
        },
        responses={
            200: OpenApiResponse(PushReport, "every row is taken, now or before"),
            207: OpenApiResponse(PushReport, "some rows are rejected; the others are taken"),
            202: OpenApiResponse(JobOut, "a job: poll its Location"),
            **{
                (status, "application/problem+json"): OpenApiResponse(OpenApiTypes.OBJECT, meaning)
                for status, meaning in _PROBLEMS.items()
            },
        },
        examples=_examples(kind),
    )
    return decorate


def _told(kind: RecordKind) -> str:
    lines = [
        f"A list of {kind.value} or an object with it under `{under_which(kind.value)}`; a row a line as "
        "NDJSON; or CSV with a header of these names (or our own: `unit_price`). Up to 50,000 rows and "
        "48 MiB are answered at once, more become a job. The same rows sent again change nothing.",
        "",
    ]
    lines += [f"- `{spec.api}`{' (required)' if spec.required else ''}: {spec.says}" for spec in FIELDS[kind]]
    return "\n".join(lines)


def _json(kind: RecordKind) -> dict[str, Any]:
    row = {
        "type": "object",
        "properties": {spec.api: _property(spec) for spec in FIELDS[kind]},
        "required": [spec.api for spec in FIELDS[kind] if spec.required],
    }
    rows = {"type": "array", "items": row}
    under = under_which(kind.value)
    return {"oneOf": [rows, {"type": "object", "properties": {under: rows}, "required": [under]}]}


_TYPES: Mapping[Form, dict[str, Any]] = {
    Form.MONEY: {"type": ["string", "number"]},
    Form.QUANTITY: {"type": ["integer", "string"]},
    Form.WHOLE: {"type": ["integer", "string"]},
    Form.DECIMAL: {"type": ["number", "string"]},
    Form.FLAG: {"type": ["boolean", "string"]},
    Form.JSON: {"type": "object"},
    Form.CHANNELS: {"type": "string"},
}


def _property(spec: FieldSpec) -> dict[str, Any]:
    shape = dict(_TYPES.get(spec.form, {"type": "string"}))
    if spec.choices:
        shape["enum"] = list(spec.choices)
    if shape["type"] == "string" and spec.most and spec.form in (Form.TEXT, Form.CODE):
        shape["maxLength"] = spec.most
    return {
        **shape,
        "description": str(spec.says),
        "example": _SHOWN.get(spec.name, _SHOWN_FORMS.get(spec.form, "…")),
    }


# --- examples ------------------------------------------------------------------------------

_SHOWN: Mapping[str, Any] = {
    "sku": "BIS-00042", "batch": "B2611A", "location": "GD-MUM", "territory": "MUM", "retailer_id": "R00017",
    "transaction_id": "INV-2026-104233", "line": 1, "quantity": 24, "unit_price": "18.50", "unit": "PCS",
    "timestamp": "2026-11-23T10:15:00+05:30", "received_at": "2026-11-20T09:00:00+05:30",
    "as_of": "2026-11-23T20:00:00+05:30", "purchase_invoice": "PI/26-27/0815", "reference": "GRN-2261",
    "supplier_name": "Tivrano Foods", "invoice_date": "2026-11-18", "valid_from": "2026-12-01",
    "manufacture_date": "2026-09-01", "expiry_date": "2027-02-28", "delisted_date": "2027-03-31",
    "mrp": "25.00", "trade_price": "19.80", "cost": "16.10", "tax": "19.32", "itc": "19.32",
    "name": "Glucose biscuit 100 g", "brand": "Tivrano", "category": "BIS", "hsn": "19053100", "uqc": "PCS",
    "value": "386.40", "weight_grams": 100, "volume_cc": 240, "case_pack": 48, "shelf_life_days": 180,
    "replaced_by": "BIS-00043",
    "code": "GD-MUM", "kind": "godown", "pincode": "400072", "place": "Mumbai", "address": "12 Mill Road",
    "latitude": 19.1, "longitude": 72.9, "phone": "9820012345", "email": "shop@example.in", "language": "hi",
    "gstin": "27AABCU9603R1ZN", "supplier_gstin": "27AABCU9603R1ZN", "channels": "whatsapp, sms",
    "credit_limit": "50000.00", "outstanding": "12450.00", "beat": "Andheri East",
    "trade_channel": "general_trade", "minimum_life_days": 45,
    "gst_details": {"rate": 5, "taxableValue": "422.86", "hsn": "1905"}, "cancelled": False,
}  # fmt: skip
_SHOWN_FORMS: Mapping[Form, Any] = {Form.WHOLE: 1, Form.FLAG: False, Form.JSON: {}, Form.DECIMAL: 1.5}
#: Left out of examples, so that these show what is usual.
_RARE = frozenset({
    "cancelled", "replaced_by", "delisted_date", "unit", "location", "channels", "trade_channel",
    "minimum_life_days",
})  # fmt: skip


def example_row(kind: RecordKind) -> dict[str, Any]:
    """A row of a kind under the API's names, such as a feed would send it."""
    return {
        spec.api: _SHOWN[spec.name]
        for spec in FIELDS[kind]
        if spec.name in _SHOWN and (spec.required or spec.name not in _RARE)
    }


def _examples(kind: RecordKind) -> list[OpenApiExample]:
    row = example_row(kind)
    flat = {
        name: orjson.dumps(value).decode() if isinstance(value, dict) else value
        for name, value in row.items()
    }
    table = io.StringIO()
    writer = csv.DictWriter(table, list(flat), lineterminator="\n")
    writer.writeheader()
    writer.writerow(flat)
    bodies = {
        "application/json": {under_which(kind.value): [row]},
        "application/x-ndjson": orjson.dumps(row).decode() + "\n",
        "text/csv": table.getvalue(),
    }
    sent = [
        OpenApiExample(f"{kind.value} as {media}", value=body, media_type=media, request_only=True)
        for media, body in bodies.items()
    ]
    fault = {"row": 2, "field": FIELDS[kind][0].api, "code": "missing", "message": "…", "value": ""}
    return [
        *sent,
        OpenApiExample(
            "all taken", response_only=True, status_codes=["200"],
            value={"accepted": 1, "duplicates": 0, "rejected": []},
        ),
        OpenApiExample(
            "one rejected", response_only=True, status_codes=["207"],
            value={"accepted": 1, "duplicates": 0, "rejected": [fault], "rejectedRows": 1, "faultCount": 1},
        ),
    ]  # fmt: skip
