"""The language of a page; of whoever is signed in it is kept, so that mails come in it too."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.views.i18n import set_language

from vyapar.dashboard.access import person
from vyapar.people.services import speak


def choose_language(request: HttpRequest) -> HttpResponseBase:
    """Speak the language that was chosen from now on."""
    chosen = request.POST.get("language", "") if request.method == "POST" else ""
    if request.user.is_authenticated and chosen in dict(settings.LANGUAGES):
        speak(person(request), chosen)
    return set_language(request)
