"""Puts the signed-in person on the log lines and speaks their language."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation


class PersonMiddleware:
    """Binds `user` to the request's log context."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            structlog.contextvars.bind_contextvars(user=f"user:{request.user.pk}")
            if request.user.language in dict(settings.LANGUAGES):  # whatever this device spoke before
                translation.activate(request.user.language)
                request.LANGUAGE_CODE = translation.get_language()
        return self.get_response(request)
