"""A Tally that is none: speaks its HTTP XML, keeps companies in memory, fails as the real one does."""

from vyapar.ops.sandbox.tally.books import Company
from vyapar.ops.sandbox.tally.server import TallySandbox
from vyapar.ops.sandbox.tally.trees import Tree, parse

__all__ = ["Company", "TallySandbox", "Tree", "parse"]
