"""Bill of supply: wholly exempt goods between two registrations (Rule 49 CGST). Pure."""

from functools import partial

from compliance.contracts import PaperKind
from compliance.documents.frame import build_as

#: The bill of a movement; it bears no tax. Raises `Refused` where the law wants another paper.
build = partial(build_as, PaperKind.BILL_OF_SUPPLY)
