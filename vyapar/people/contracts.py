"""Roles and what each may do."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """A person's place in the firm; decides what they may see and do."""

    OWNER = "owner"
    MANAGER = "manager"
    ANALYST = "analyst"
    AUDITOR = "auditor"
    INTEGRATION = "integration"


class May(StrEnum):
    """One permission, asked for by pages and by API scopes alike."""

    READ = "read"
    DECIDE = "decide"  # approve, edit, reject, undo actions
    RECEIVE = "receive"  # book receipts of transfers
    RULES = "rules"  # change business rules and autonomy
    STOP = "stop"  # pull and lift the kill switch
    AUDIT = "audit"  # trail, documents, period reports
    FEED = "feed"  # push sales and stock
    OPERATE = "operate"  # replay dead letters, run a cycle by hand


ALLOWED: dict[Role, frozenset[May]] = {
    Role.OWNER: frozenset(May),
    Role.MANAGER: frozenset(May) - {May.RULES},
    Role.ANALYST: frozenset({May.READ, May.AUDIT}),
    Role.AUDITOR: frozenset({May.READ, May.AUDIT}),
    Role.INTEGRATION: frozenset({May.READ, May.FEED}),
}
