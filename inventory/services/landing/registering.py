"""Registrations that territories name before anybody entered them."""

from __future__ import annotations

import polars as pl

from inventory.services.masters import write_master
from inventory.services.staging import frame_of
from vyapar.law.states import find_state
from vyapar.tenancy.selectors import current_distributor


def ensure_registrations(gstins: pl.Series) -> int:
    """Make registrations that are missing, under the name of the PAN's others; how many were made.

    Their address and pincode are unknown until a person fills them in.
    """
    known = frame_of(
        "SELECT gstin, legal_name FROM inventory_gstregistration", {"gstin": pl.String, "name": pl.String}
    )
    names = {gstin[2:12]: name for gstin, name in known.iter_rows()}
    missing = sorted(set(gstins.drop_nulls()) - set(known["gstin"]))
    if not missing:
        return 0
    own = current_distributor().name
    states = {code: state.name for code in {g[:2] for g in missing} if (state := find_state(code))}
    made = pl.DataFrame(
        {
            "gstin": missing,
            "state_code": [g[:2] for g in missing],
            "legal_name": [names.get(g[2:12], own) for g in missing],
            "address": [""] * len(missing),
            "place": [states.get(g[:2], "") for g in missing],
            "pincode": [""] * len(missing),
        }
    )
    return write_master("registrations", made)
