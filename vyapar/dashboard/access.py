"""Who may open a page, and how refusals are shown on it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from vyapar.gateway.speech import say
from vyapar.kernel.errors import NotFound, VyaparError
from vyapar.people.contracts import May
from vyapar.people.models import User

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def person(request: HttpRequest) -> User:
    """The signed-in person of a page that needs one."""
    return cast(User, request.user)


def page(needs: May = May.READ) -> Callable[[View[P]], View[P]]:
    """A page for people with a permission; others get 403, strangers the sign-in page."""

    def wrap(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not person(request).may(needs):
                raise PermissionDenied
            try:
                return view(request, *args, **kwargs)
            except NotFound as error:
                raise Http404(say(error.message)) from error

        return cast(View[P], login_required(guarded))

    return wrap


def back(request: HttpRequest, fallback: str) -> HttpResponse:
    """Where the person came from, if it is ours; otherwise `fallback` (a URL name or path)."""
    target = request.POST.get("next", "")
    if target and url_has_allowed_host_and_scheme(target, {request.get_host()}):
        return redirect(target)
    return redirect(fallback)


def attempt(request: HttpRequest, verb: Callable[[], Any], done: str) -> bool:
    """Run a verb for a page: says `done` when it worked, or the refusal's own sentence."""
    try:
        verb()
    except NotFound:
        raise
    except VyaparError as error:
        details = " · ".join(say(fault.message) for fault in error.faults)
        messages.error(request, f"{say(error.message)}. {details}" if details else say(error.message))
        return False
    messages.success(request, done)
    return True
