"""The gallery's addresses and its one view."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import include, path
from django.utils.translation import gettext_lazy as _

from tests.dashboard.gallery import samples

ERRORS = {"400", "403", "403_csrf", "404", "500"}


class Rule(forms.Form):
    """A form with every kind of field and, when bound, every kind of error."""

    floor = forms.DecimalField(label=_("Margin floor, rupees a piece"), help_text=_("Never sell below."))
    mode = forms.ChoiceField(label=_("Autonomy"), choices=[("propose", _("Proposes"))])
    note = forms.CharField(label=_("Why"), widget=forms.Textarea, required=False)
    own = forms.BooleanField(label=_("Only for this territory"), required=False)


def page(request: HttpRequest, name: str = "home") -> HttpResponse:
    """One composition of the gallery, or a product page that needs no data."""
    if request.method == "POST":
        return redirect(request.path)
    if name == "sign-in":
        return render(request, "registration/login.html", {"form": forms.Form(), "nav": []})
    if name in ERRORS:
        return render(request, f"{name}.html", {"request_id": "7f3a-91c2"})
    context = samples.PAGES[name]() if name in samples.PAGES else {}
    template = name if name in samples.PAGES else "empty"
    return render(
        request, f"gallery/{template}.html", {**context, "form": Rule({"floor": "x"}), "free": Rule()}
    )


dashboard = (
    [
        path("", page, name="home"),
        path("stop/", page, name="stop"),
        path("lift/", page, name="lift"),
        path("settings/", page, name="settings"),
        path("sign-in/", page, name="sign_in"),
        path("sign-out/", page, name="sign_out"),
    ],
    "dashboard",
)
urlpatterns = [
    path("i18n/", include("django.conf.urls.i18n")),
    path("", page),
    path("<slug:name>/", page),
    path("names/", include(dashboard)),
]
