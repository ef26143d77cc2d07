"""Words of Tally's data: names made codes, reserved words, kinds of voucher. Pure."""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum

from inventory.feeds.tally.records import tidy

#: What Tally writes where a person left a field alone.
_RESERVED = frozenset(
    {
        "",
        "not applicable",
        "applicable",
        "not found",
        "not available",
        "unknown",
        "any",
        "primary",
        "end of list",
    }
)
#: Where goods are kept, and the lot they belong to, when a person named neither.
MAIN_LOCATION = "Main Location"
PRIMARY_BATCH = "Primary Batch"
DEBTORS = "sundry debtors"
CREDITORS = "sundry creditors"
#: What Tally writes behind the name of a company whose books were split.
_SPLIT = re.compile(r"\s*-?\s*\(from .*\)$", re.IGNORECASE)


class VoucherKind(StrEnum):
    """The kinds of voucher Tally knows; every company's own types stand under one of them."""

    SALES = "Sales"
    CREDIT_NOTE = "Credit Note"
    DELIVERY_NOTE = "Delivery Note"
    REJECTIONS_IN = "Rejections In"
    PURCHASE = "Purchase"
    DEBIT_NOTE = "Debit Note"
    RECEIPT_NOTE = "Receipt Note"
    REJECTIONS_OUT = "Rejections Out"
    STOCK_JOURNAL = "Stock Journal"
    MANUFACTURING_JOURNAL = "Manufacturing Journal"
    PHYSICAL_STOCK = "Physical Stock"
    MATERIAL_IN = "Material In"
    MATERIAL_OUT = "Material Out"
    SALES_ORDER = "Sales Order"
    PURCHASE_ORDER = "Purchase Order"
    JOB_WORK_IN_ORDER = "Job Work In Order"
    JOB_WORK_OUT_ORDER = "Job Work Out Order"
    MEMORANDUM = "Memorandum"
    REVERSING_JOURNAL = "Reversing Journal"
    RECEIPT = "Receipt"
    PAYMENT = "Payment"
    JOURNAL = "Journal"
    CONTRA = "Contra"
    PAYROLL = "Payroll"
    ATTENDANCE = "Attendance"


_BY_NAME = {kind.value.lower(): kind for kind in VoucherKind}
#: Vouchers that move no goods, only promise or remember them, or only move money.
NO_GOODS = frozenset(
    {VoucherKind.SALES_ORDER, VoucherKind.PURCHASE_ORDER, VoucherKind.JOB_WORK_IN_ORDER,
     VoucherKind.JOB_WORK_OUT_ORDER, VoucherKind.MEMORANDUM, VoucherKind.REVERSING_JOURNAL,
     VoucherKind.RECEIPT, VoucherKind.PAYMENT, VoucherKind.JOURNAL, VoucherKind.CONTRA, VoucherKind.PAYROLL,
     VoucherKind.ATTENDANCE}
)  # fmt: skip
#: Vouchers that are sales: of the first goods leave, of the second they come back.
SALES = frozenset({VoucherKind.SALES, VoucherKind.CREDIT_NOTE})
#: Kinds by which goods come in when a line does not say so itself.
INWARD = frozenset(
    {VoucherKind.PURCHASE, VoucherKind.CREDIT_NOTE, VoucherKind.RECEIPT_NOTE, VoucherKind.REJECTIONS_IN,
     VoucherKind.MATERIAL_IN}
)  # fmt: skip


def given(text: str) -> str:
    """The text unless it is a reserved word for nothing."""
    text = tidy(text)
    return "" if text.lower() in _RESERVED else text


def fold(name: str) -> str:
    """What makes two spellings one name for Tally: case and spaces do not count."""
    return tidy(name).lower()


def same_company(one: str, other: str) -> bool:
    """Whether two spellings name one company: case, spaces and Tally's note of a split are forgiven."""
    return _SPLIT.sub("", fold(one)).replace(" ", "") == _SPLIT.sub("", fold(other)).replace(" ", "")


def kind_by_name(name: str) -> VoucherKind | None:
    return _BY_NAME.get(fold(name))


def code_of(name: str, longest: int) -> str:
    """The name as a code; a longer one is cut and ends in eight characters of its digest."""
    name = tidy(name)
    if len(name) <= longest:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: longest - 9].rstrip()}~{digest}"


def sku_code(name: str) -> str:
    return code_of(name, 60)


def batch_code(name: str) -> str:
    return code_of(given(name) or PRIMARY_BATCH, 60)


def location_code(name: str) -> str:
    return code_of(given(name) or MAIN_LOCATION, 40)


def party_code(name: str) -> str:
    return code_of(name, 40)
