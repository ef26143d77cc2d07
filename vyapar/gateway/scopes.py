"""What a key may be given: permissions, whole or for one kind of record. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from vyapar.kernel.errors import Fault, Forbidden, Invalid
from vyapar.kernel.phrases import phrase as _
from vyapar.people.contracts import May

#: Permissions that can be given in parts, and the parts. Those of `feed` are the kinds of records that
#: the push doors take.
PARTS: dict[May, tuple[str, ...]] = {
    May.FEED: (
        "territories", "locations", "retailers", "skus", "prices", "batches", "purchases", "receipts",
        "stock", "sales",
    ),
}  # fmt: skip

#: Every scope there is, whole ones first.
SCOPES: tuple[str, ...] = (
    *(may.value for may in May),
    *(f"{may.value}:{part}" for may, parts in PARTS.items() for part in parts),
)


def covers(held: Iterable[str], wanted: str) -> bool:
    """Whether scopes hold one: by itself, or as the whole of which it is a part."""
    own = set(held)
    return wanted in own or wanted.partition(":")[0] in own


def read_scopes(names: Iterable[str], field: str = "scopes") -> tuple[str, ...]:
    """Scopes in their order, each once, parts left out where the whole is there.

    Raises `Invalid` for none at all and for those that do not exist.
    """
    given = {str(getattr(name, "value", name)) for name in names}
    strange = sorted(given - set(SCOPES))
    if strange or not given:
        faults = [
            Fault("no_such_scope", _("one of %(known)s", known=", ".join(SCOPES)), field, value=name)
            for name in strange
        ]
        faults = faults or [Fault("required", _("at least one of %(known)s", known=", ".join(SCOPES)), field)]
        raise Invalid(_("a key needs scopes that exist"), code="no_such_scope", faults=faults)
    return tuple(s for s in SCOPES if s in given and not (":" in s and s.partition(":")[0] in given))


def check_within(scopes: Iterable[str], held: Iterable[str]) -> None:
    """Raise `Forbidden` when somebody would hand on more than they have themselves."""
    own = frozenset(held)
    beyond = sorted(scope for scope in scopes if not covers(own, scope))
    if beyond:
        faults = [Fault("beyond_yours", _("leave this scope out"), "scopes", value=scope) for scope in beyond]
        raise Forbidden(
            _("nobody can hand on more than they may do themselves"), code="beyond_yours", faults=faults
        )
