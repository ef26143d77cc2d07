"""The language of a page: of whoever is signed in it is their own, at the door it is the device's."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.i18n import set_language

from vyapar.dashboard.access import person
from vyapar.people.services import speak


def choose_language(request: HttpRequest) -> HttpResponseBase:
    """Speak the language that was chosen from now on; of whoever is signed in it goes where they go."""
    chosen = request.POST.get("language", "") if request.method == "POST" else ""
    answer = set_language(request)
    if request.user.is_authenticated:
        if chosen in dict(settings.LANGUAGES):
            speak(person(request), chosen)
        _forget(answer)
    return answer


class SignIn(LoginView):
    """The door. What was chosen at it is for whoever comes in by it: kept of who comes for the first time,
    and left behind for nobody.
    """

    redirect_authenticated_user = True

    def form_valid(self, form: Any) -> HttpResponse:
        who, chosen = form.get_user(), self.request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        if who.last_login is None and chosen in dict(settings.LANGUAGES):
            speak(who, chosen)
        answer = super().form_valid(form)
        _forget(answer)
        return answer


def _forget(answer: HttpResponseBase) -> None:
    answer.delete_cookie(
        settings.LANGUAGE_COOKIE_NAME, settings.LANGUAGE_COOKIE_PATH, settings.LANGUAGE_COOKIE_DOMAIN
    )
