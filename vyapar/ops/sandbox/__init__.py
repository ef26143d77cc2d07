"""A local stand-in for the far sides: speaks their protocols and fails in their ways.

Everything it answers or sends carries the mark that it is simulated.
"""

from __future__ import annotations

from vyapar.ops.sandbox.server import Sandbox
from vyapar.ops.sandbox.settings import Settings, Shares

__all__ = ["Sandbox", "Settings", "Shares"]
