"""Rows of masters against what stands in the tables: new, changed, or there already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from inventory.services.landing.findings import Findings, count_rows
from vyapar.kernel.phrases import phrase as _


@dataclass(frozen=True, slots=True)
class Settled:
    """Merged lines by what becomes of them: what a row leaves out is as it was, or its default."""

    new: pl.DataFrame
    changed: pl.DataFrame
    same: int


def join_known(found: Findings, known: pl.DataFrame, key: Sequence[str]) -> None:
    """Put what is known of each line beside it, under `was_…`; `was_id` is null for what is new."""
    renamed = known.rename({name: f"was_{name}" for name in known.columns if name not in key})
    found.lines = found.lines.join(renamed, on=list(key), how="left", maintain_order="left")


def keep_first(found: Findings, key: Sequence[str], values: Sequence[str]) -> int:
    """Take out rows that stand in the sheet already; how many of them say the same.

    Those that say something else are faults: nobody can know which is meant.
    """
    first = found.lines.select(pl.struct(key).is_first_distinct()).to_series()
    if first.all():
        return 0
    content = pl.struct(values).hash()
    alike = found.lines.select((content == content.first().over(list(key))).alias("alike")).to_series()
    repeated = int((~first & alike).sum())
    found.lines = found.lines.with_columns((~first & ~alike).alias("_other"))
    keep = first | ~alike
    found.lines = found.lines.filter(keep)
    message = _("this stands in the sheet already and says something else; keep one of the two")
    found.reject(key[0], "repeated_in_batch", message, pl.col("_other"))
    found.lines = found.lines.drop("_other")
    return repeated


def settle(
    found: Findings, values: Sequence[str], defaults: dict[str, pl.Expr], repeated: int = 0
) -> Settled:
    """Merge lines (see `join_known`) with what is known, fill in defaults, and compare.

    `defaults` may refer to merged columns, and are filled in their order.
    """
    lines = found.lines.with_columns(
        (pl.coalesce(name, f"was_{name}") if name in found.lines.columns else pl.col(f"was_{name}")).alias(
            name
        )
        for name in values
    )
    for name, default in defaults.items():
        lines = lines.with_columns(pl.col(name).fill_null(default))
    is_new = pl.col("was_id").is_null()
    same = pl.all_horizontal([pl.col(name).eq_missing(pl.col(f"was_{name}")) for name in values])
    known = count_rows(lines.filter(~is_new & same))
    return Settled(lines.filter(is_new), lines.filter(~is_new & ~same), repeated + known)
