"""Delivery challan: goods that move inside one registration (Rule 55(1)(c) CGST). Pure."""

from functools import partial

from compliance.contracts import PaperKind
from compliance.documents.frame import build_as

#: The challan of a movement; it bears no tax. Raises `Refused` where the law wants another paper.
build = partial(build_as, PaperKind.DELIVERY_CHALLAN)
