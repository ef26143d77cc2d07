"""Answers to export requests: the collection a request defines, filtered and cut to what it fetches."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from vyapar.ops.sandbox.tally.books import Company
from vyapar.ops.sandbox.tally.trees import Tree

_AFTER = re.compile(r"\$AlterID\s*>\s*(\d+)", re.IGNORECASE)
_PERIOD = re.compile(r"\$Date\s*>=\s*##SVFromDate\s+AND\s+\$Date\s*<=\s*##SVToDate", re.IGNORECASE)


class TdlError(Exception):
    """A definition Tally cannot understand; the real one shows a dialogue and answers nobody."""


def export(request: Tree, companies: Mapping[str, Company]) -> str:
    """The envelope that answers an export; `TdlError` when the request is defined wrongly."""
    header, desc = request.find("HEADER"), _desc(request)
    wanted = header.get("ID") if header else ""
    static = _child(desc, "STATICVARIABLES")
    definition = _definition(desc, wanted)
    kind = definition.get("TYPE")
    if kind.lower() == "company":
        return _envelope([_company(company) for company in companies.values()], kind)
    company = _chosen(static, companies)
    if company is None:
        name = static.get("SVCURRENTCOMPANY") if static else ""
        return line_error(f"Could not set 'SVCurrentCompany' to '{name}'")
    found = _records(company, kind)
    for name in definition.get("FILTERS").split(","):
        if name.strip():
            found = _filtered(found, _formula(desc, name.strip()), static)
    fields = [part for node in definition.each("FETCH") for part in node.text.split(",")]
    return _envelope([_cut(one, [field.strip().upper() for field in fields]) for one in found], kind)


def line_error(said: str) -> str:
    """How Tally refuses an export."""
    body = Tree("BODY", children=[Tree("DATA", children=[Tree("LINEERROR", text=said)])])
    header = Tree("HEADER", children=[Tree("VERSION", text="1"), Tree("STATUS", text="0")])
    return Tree("ENVELOPE", children=[header, body]).xml()


def _desc(request: Tree) -> Tree:
    found = next((node for node in request.walk() if node.tag == "DESC"), None)
    if found is None:
        raise TdlError("no DESC")
    return found


def _child(tree: Tree, tag: str) -> Tree | None:
    return next((node for node in tree.walk() if node.tag == tag), None)


def _definition(desc: Tree, wanted: str) -> Tree:
    for node in desc.walk():
        if node.tag == "COLLECTION" and node.attributes.get("NAME") == wanted:
            return node
    raise TdlError(f"'Collection:{wanted}' Could not find description!")


def _formula(desc: Tree, name: str) -> str:
    for node in desc.walk():
        if node.tag == "SYSTEM" and node.attributes.get("NAME") == name:
            return node.text
    raise TdlError(f"'System:{name}' Could not find description!")


def _chosen(static: Tree | None, companies: Mapping[str, Company]) -> Company | None:
    name = static.get("SVCURRENTCOMPANY") if static else ""
    if not name:
        return next(iter(companies.values()), None)
    return next((one for one in companies.values() if one.name.lower() == name.lower()), None)


def _company(company: Company) -> Tree:
    tree = Tree("COMPANY", {"NAME": company.name, "RESERVEDNAME": ""})
    for tag, text in (
        ("NAME", company.name),
        ("GUID", company.guid),
        ("STARTINGFROM", company.books_from),
        ("BOOKSFROM", company.books_from),
        ("ALTMSTID", f" {company.alter_masters}"),
        ("ALTVCHID", f" {company.alter_vouchers}"),
    ):
        tree.put(tag, text)
    return tree


def _records(company: Company, kind: str) -> list[Tree]:
    if kind.lower() == "voucher":
        return list(company.vouchers.values())
    return list(company.masters.get(kind.upper().replace(" ", ""), {}).values())


def _filtered(found: list[Tree], formula: str, static: Tree | None) -> list[Tree]:
    after = _AFTER.fullmatch(formula.strip())
    if after:
        return [one for one in found if int(one.get("ALTERID") or 0) > int(after.group(1))]
    if _PERIOD.fullmatch(formula.strip()):
        first = static.get("SVFROMDATE") if static else ""
        last = static.get("SVTODATE") if static else ""
        return [one for one in found if first <= one.get("DATE") <= last]
    raise TdlError(f"cannot evaluate {formula}")


def _cut(tree: Tree, fields: Sequence[str]) -> Tree:
    """Only what was fetched: `FIELD`, `LIST.FIELD`, `LIST.*`; a name by its attribute always comes."""
    kept = Tree(tree.tag, dict(tree.attributes))
    deeper: dict[str, list[str]] = {}
    for field in fields:
        head, _, rest = field.partition(".")
        deeper.setdefault(head, []).append(rest)
    for child in tree.children:
        asked = deeper.get(child.tag.removesuffix(".LIST"))
        if asked is None:
            continue
        whole = "*" in asked or not child.children or asked == [""]
        kept.children.append(child.copy() if whole else _cut(child, [one for one in asked if one]))
    return kept


def _envelope(found: Sequence[Tree], kind: str) -> str:
    counter = Tree("CMPINFO", children=[Tree("LEDGER", text="0"), Tree("VOUCHER", text=str(len(found)))])
    for one in found:  # a word of its own, behind the character that XML forbids
        one.children.append(Tree("GSTTYPE", text="\x04 Not Applicable"))
    data = Tree("DATA", children=[Tree("COLLECTION", {"ISMSTDEPTYPE": "Yes"}, list(found))])
    body = Tree("BODY", children=[Tree("DESC", children=[counter]), data])
    header = Tree("HEADER", children=[Tree("VERSION", text="1"), Tree("STATUS", text="1")])
    return Tree("ENVELOPE", children=[header, body]).xml()
