"""Quantities in whole base units, with the case pack as the only conversion."""

from __future__ import annotations

from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _


def to_pieces(cases: int, pieces: int, case_pack: int) -> int:
    """Pieces in `cases` full cases of `case_pack` and `pieces` loose ones."""
    if case_pack < 1:
        fault = Fault("case_pack", _("a case holds at least one piece"), "casePack", value=str(case_pack))
        raise Invalid(_("case pack must be 1 or more"), code="case_pack", faults=[fault])
    return cases * case_pack + pieces


def cases_and_pieces(quantity: int, case_pack: int) -> tuple[int, int]:
    """Full cases and loose pieces; `quantity` and `case_pack` in pieces."""
    return divmod(quantity, max(case_pack, 1))


def whole_cases(quantity: int, case_pack: int) -> int:
    """The largest number of pieces not above `quantity` that leaves no case open."""
    return quantity // max(case_pack, 1) * max(case_pack, 1)
