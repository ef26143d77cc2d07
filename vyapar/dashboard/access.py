"""Who may open a page, and how refusals are shown on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from vyapar.gateway.speech import say
from vyapar.kernel.errors import Fault, NotFound, VyaparError
from vyapar.people.contracts import May
from vyapar.people.models import User

P = ParamSpec("P")
Kept = TypeVar("Kept")
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


def kept(
    form: forms.Form, verb: Callable[[], Kept], names: Mapping[str, str] = MappingProxyType({})
) -> Kept | None:
    """What the verb kept; None when it was refused, with each fault at the field where the person wrote what
    it is about. `names`: fields of the form by what a fault calls them, where that differs.
    """
    try:
        return verb()
    except VyaparError as error:
        faults = error.faults or [Fault(error.code, error.message, "")]
        if isinstance(error, NotFound):
            form.add_error(None, say(error.message))
        else:
            _put(form, faults, names)
        return None


def _put(form: forms.Form, faults: Iterable[Fault], names: Mapping[str, str]) -> None:
    for fault in faults:
        name = names.get(fault.field, fault.field)
        form.add_error(name if name in form.fields else None, say(fault.message))
