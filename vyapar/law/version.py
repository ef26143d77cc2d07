"""Names the law as this code reads it, so that a decision can be performed again years later."""

from __future__ import annotations

from typing import Final

from vyapar.law.store import tables_digest

#: Raised by hand whenever a function of this room, or a rule over it, answers differently.
CODE_VERSION: Final = "2026.11"

#: Stored with every decision: the reading of the law and the tables it was read from.
RULE_VERSION: Final = f"{CODE_VERSION}+{tables_digest()[:12]}"
