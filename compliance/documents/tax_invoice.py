"""Tax invoice: taxable goods between two registrations (Rule 46 CGST). Pure."""

from functools import partial

from compliance.contracts import PaperKind
from compliance.documents.frame import build_as

#: The invoice of a movement, valued by Rule 28. Raises `Refused` where the law wants another paper.
build = partial(build_as, PaperKind.TAX_INVOICE)
