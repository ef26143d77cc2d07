"""Sums of stock kept beside the items: they move with them, by what changed or all anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.core.cache import cache
from django.db import transaction

from inventory.selectors.cells import CELLS_OF_ITEMS, DIMENSIONS, KEPT_HEADLINE, MEASURES
from inventory.services.staging import run, take_turns

_PLACES, _SUMS = ", ".join(DIMENSIONS), ", ".join(MEASURES)
_SOME = CELLS_OF_ITEMS.format(scope="i.sku_id = ANY(%s::bigint[])")
_WAS = f"CREATE TEMP TABLE cells_before ON COMMIT DROP AS {_SOME}"
_CHANGE = """
INSERT INTO inventory_stockcell AS c ({places}, {sums})
SELECT {places}, {changes} FROM (
    SELECT 1 AS sign, {places}, {sums} FROM ({some}) n
    UNION ALL SELECT -1, {places}, {sums} FROM cells_before) b
GROUP BY {places} HAVING {any}
ORDER BY {places}
ON CONFLICT ({places}) DO UPDATE SET {added}
"""
_FIGURES = {
    "places": _PLACES,
    "sums": _SUMS,
    "some": _SOME,
    "changes": ", ".join(f"sum(sign * {name})::bigint" for name in MEASURES),
    "any": " OR ".join(f"sum(sign * {name}) <> 0" for name in MEASURES),
    "added": ", ".join(f"{name} = c.{name} + excluded.{name}" for name in MEASURES),
}
_ANEW = "INSERT INTO inventory_stockcell ({places}, {sums}) SELECT {places}, {sums} FROM ({cells}) n"


@contextmanager
def sums_follow(skus: Sequence[int] | None) -> Iterator[None]:
    """Have the sums follow what the block writes to the items of some SKUs, or of all of them.

    Must run in a transaction; of those who write items at once, one waits for the other here.
    """
    take_turns("stock sums")
    _drop_headline()
    if skus is None:
        yield
        _count_anew()
        return
    run(_WAS, [list(skus)])
    yield
    run(_CHANGE.format(**_FIGURES), [list(skus)])
    run("DELETE FROM inventory_stockcell WHERE items = 0")
    run("DROP TABLE cells_before")


@transaction.atomic
def renew_sums() -> None:
    """Count all sums anew: after goods changed their category or brand, or items their cause."""
    take_turns("stock sums")
    _drop_headline()
    _count_anew()


def _drop_headline() -> None:
    """Have the first screen read its headline anew once the sums are committed; no cache, no old headline."""
    transaction.on_commit(lambda: cache.delete(KEPT_HEADLINE), robust=True)


def _count_anew() -> None:
    run("DELETE FROM inventory_stockcell")
    run(_ANEW.format(places=_PLACES, sums=_SUMS, cells=CELLS_OF_ITEMS.format(scope="true")))
