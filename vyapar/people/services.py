"""Accounts: made and changed by one verb each."""

from __future__ import annotations

from django.db import transaction

from vyapar.people.contracts import Role
from vyapar.people.models import User


@transaction.atomic
def add_person(
    *,
    username: str,
    password: str,
    role: Role,
    name: str = "",
    email: str = "",
    language: str = "en",
) -> User:
    """Create or refresh an account; the owner also reaches the admin."""
    person, _ = User.objects.get_or_create(username=username)
    person.role = role
    person.first_name = name
    person.email = email
    person.language = language
    person.is_staff = role is Role.OWNER
    person.is_superuser = False
    person.alert_channels = ["in_app", "email"] if email else ["in_app"]
    person.set_password(password)
    person.save()
    return person


@transaction.atomic
def speak(person: User, language: str) -> None:
    """Keep the language in which a person is spoken to, in mails too."""
    User.objects.filter(pk=person.pk).update(language=language[:5])
