"""Code lists of the portals: units, document kinds, what their refusals mean."""

from __future__ import annotations

from functools import cache

from vyapar.law.store import Row, table


@cache
def _units() -> frozenset[str]:
    return frozenset(row["code"] for row in table("uqc") if row["kind"] != "service")


def is_unit(code: str) -> bool:
    """Whether a unit quantity code is one the GST portals know for goods."""
    return code in _units()


@cache
def enum_codes(field: str) -> frozenset[str]:
    """The codes that a field of the e-way bill or e-invoice API may hold."""
    return frozenset(row["code"] for row in table("eway_einvoice_enums") if row["field"] == field)


@cache
def _refusals() -> dict[str, Row]:
    return {row["code"]: row for row in table("eway_error_codes")}


def eway_refusal(code: str) -> str:
    """What an error code of the e-way bill portal means, in the portal's words."""
    row = _refusals().get(code)
    return row["meaning"] if row else f"error {code}"


@cache
def offline_keys() -> dict[str, str]:
    """API field name to the name the bulk-upload file uses for it, where they differ."""
    rows = table("eway_json_file_key_map")
    return {r["api_key"]: r["offline_json_file_key"] for r in rows if r["api_key"] != "(root)"}
