"""Everything a distributor owns, in one file: tables, papers, and a list that proves it is whole."""

from vyapar.ops.takeout.pack import Taken, take_out

__all__ = ["Taken", "take_out"]
