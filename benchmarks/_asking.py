"""The command line of benchmarks that judge sets of sales."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence


def ask_sets(doc: str | None, sets: Collection[str], usual: Sequence[str], cuts: int) -> argparse.Namespace:
    """`sets`, SET or SET=PATH, of those there are, `usual` when none is named, and `cuts`, how many days each
    is cut at, `cuts` when not said. Ends the process with a sentence on a set that there is not.
    """
    asking = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("sets", nargs="*", default=list(usual), metavar="SET[=PATH]")
    asking.add_argument("--cuts", type=int, default=cuts)
    given = asking.parse_args()
    if unknown := {one.partition("=")[0] for one in given.sets} - set(sets):
        asking.error(f"no set {', '.join(sorted(unknown))}; there are: {', '.join(sets)}")
    return given
