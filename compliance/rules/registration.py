"""Rules about who: registrations, their State and pincode, their standing with the portals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from compliance.rules.rule import MovementCase, OfferCase, or_empty, party_name, say
from vyapar.kernel import gstin
from vyapar.kernel.decision import Finding, Severity
from vyapar.kernel.errors import Invalid
from vyapar.kernel.facts import Party
from vyapar.kernel.phrases import Phrase
from vyapar.kernel.phrases import phrase as _
from vyapar.law.goods import is_food
from vyapar.law.states import find_state, pin_matches

_FSSAI_DIGITS = 14
_ROLES: Mapping[str, Phrase] = {
    "sender": _("sender"),
    "receiver": _("receiver"),
    "seller": _("seller"),
}


def g01_movement(case: MovementCase) -> Iterator[Finding]:
    """Both registrations are well formed and lie where the addresses say."""
    strict = case.assessment is None or case.assessment.eway.needed
    ends = (("sender", case.facts.source), ("receiver", case.facts.destination))
    for role, party in ends:
        yield from _registration(role, party, case.standing.sandbox_gstins, strict_pin=strict)


def g01_offer(case: OfferCase) -> Iterator[Finding]:
    """The seller's registration is well formed and lies where the address says."""
    seller, allow = case.facts.seller, case.standing.sandbox_gstins
    yield from _registration("seller", seller, allow, strict_pin=False)


def g02_movement(case: MovementCase) -> Iterator[Finding]:
    """Neither registration is cancelled or suspended."""
    for party in (case.facts.source, case.facts.destination):
        if not party.registration_active:
            yield _inactive(party)


def g02_offer(case: OfferCase) -> Iterator[Finding]:
    """The seller's registration is not cancelled or suspended."""
    if not case.facts.seller.registration_active:
        yield _inactive(case.facts.seller)


def t06(case: MovementCase) -> Iterator[Finding]:
    """The destination is an additional place of business of the receiving registration."""
    if not case.facts.destination_registered:
        place, number = case.facts.destination_location, case.facts.destination.gstin
        yield say(
            "T06",
            _(
                "%(place)s is not an additional place of business of %(gstin)s.",
                place=place,
                gstin=number or _("the receiver"),
            ),
            fix=_(
                "Add %(place)s to the registration on the GST portal, or send the goods elsewhere.",
                place=place,
            ),
            location=place,
        )


def t10(case: MovementCase) -> Iterator[Finding]:
    """No party is barred from e-way bills for returns it has not filed."""
    if case.assessment is None or not case.assessment.eway.needed:
        return
    blocked = case.standing.blocked_gstins
    if blocked is None:
        yield say(
            "T10",
            _(
                "Not checked: whether the portal bars either registration from e-way bills for returns not "
                "filed."
            ),
            severity=Severity.INFO,
        )
        return
    for party in (case.facts.source, case.facts.destination):
        if party.gstin in blocked:
            yield say(
                "T10",
                _(
                    "%(gstin)s is barred from e-way bills: GSTR-3B is missing for two periods.",
                    gstin=party.gstin,
                ),
                fix=_("File the missing returns before these goods move."),
                gstin=party.gstin,
            )


def f01(case: MovementCase) -> Iterator[Finding]:
    """A food business shows its FSSAI number on its papers."""
    food = any(is_food(goods.hsn, case.own_date) for goods in case.facts.lines)
    yield from fssai(case.facts.source, carries_food=food)


def fssai(party: Party, *, carries_food: bool) -> Iterator[Finding]:
    """An FSSAI licence number has 14 digits and is there when food moves."""
    number = party.fssai.replace(" ", "")
    if carries_food and not number:
        yield say(
            "F01",
            _(
                "%(party)s has no FSSAI number, and papers for food must show one.",
                party=party_name(party),
            ),
            fix=_("Enter the 14-digit licence number of the sending place."),
        )
    elif number and not (number.isdigit() and len(number) == _FSSAI_DIGITS):
        yield say(
            "F01",
            _(
                "The FSSAI number %(number)s of %(party)s does not have 14 digits.",
                number=number,
                party=party_name(party),
            ),
            fix=_("Correct the licence number of the sending place."),
            fssai=number,
        )


def _registration(role: str, party: Party, allow: Iterable[str], *, strict_pin: bool) -> Iterator[Finding]:
    if not party.gstin:
        yield _unregistered(role, party)
    else:
        yield from _number(role, party, frozenset(allow))
    yield from _address(role, party, strict_pin=strict_pin)


def _unregistered(role: str, party: Party) -> Finding:
    name = party_name(party)
    if role == "receiver":
        message = _("%(party)s is not registered under GST, so these goods are a supply to it.", party=name)
        return say("G01", message, severity=Severity.INFO)
    message = _(
        "%(party)s, the %(role)s, has no GSTIN, so no GST paper can be issued.", party=name, role=_ROLES[role]
    )
    return say("G01", message, fix=_("Enter the GSTIN of its territory."), field=f"{role}.gstin")


def _number(role: str, party: Party, allow: frozenset[str]) -> Iterator[Finding]:
    fix = _("Correct the GSTIN of %(party)s.", party=party_name(party))
    try:
        number = gstin.parse(party.gstin, field=f"{role}.gstin", allow=allow)
    except Invalid as invalid:
        fault = invalid.faults[0]
        message = _("The %(role)s's GSTIN is not valid: %(why)s.", role=_ROLES[role], why=fault.message)
        yield say("G01", message, fix=fix, field=fault.field, code=fault.code)
        return
    state = find_state(number.state_code)
    if state is not None and state.legacy:
        yield say(
            "G01",
            _(
                "The %(role)s's GSTIN %(gstin)s bears the old State code %(state)s.",
                role=_ROLES[role],
                gstin=number.value,
                state=number.state_code,
            ),
            severity=Severity.WARN,
            fix=_("Ask for the number that replaced it."),
        )
    elif number.value not in allow and number.state_code != party.state_code:
        yield say(
            "G01",
            _(
                "The %(role)s's GSTIN %(gstin)s is of State %(state)s, but its address is in State "
                "%(address)s.",
                role=_ROLES[role],
                gstin=number.value,
                state=number.state_code,
                address=party.state_code,
            ),
            fix=_("Correct the State of the territory or its GSTIN."),
            field=f"{role}.state_code",
        )


def _address(role: str, party: Party, *, strict_pin: bool) -> Iterator[Finding]:
    state = find_state(party.state_code)
    if state is None:
        yield say(
            "G01",
            _(
                "The %(role)s's State code '%(code)s' does not exist.",
                role=_ROLES[role],
                code=party.state_code,
            ),
            fix=_("Write the two-digit GST State code, e.g. 27."),
            field=f"{role}.state_code",
        )
    elif not pin_matches(party.state_code, party.pincode):
        yield say(
            "G01",
            _(
                "Pincode %(pincode)s of the %(role)s does not lie in %(state)s.",
                pincode=or_empty(party.pincode),
                role=_ROLES[role],
                state=str(state),
            ),
            severity=Severity.BLOCK if strict_pin else Severity.WARN,
            fix=_("Correct the pincode or the State of the address."),
            field=f"{role}.pincode",
        )


def _inactive(party: Party) -> Finding:
    return say(
        "G02",
        _(
            "The registration %(gstin)s of %(party)s is not active.",
            gstin=party.gstin,
            party=party_name(party),
        ),
        fix=_("Check its status on the GST portal; do not bill to or from it until it is active."),
        gstin=party.gstin,
    )
