"""Every address of a distributor; apps are included by name, so the project imports none of them."""

from django.contrib import admin
from django.urls import include, path

from vyapar.dashboard.views.language import choose_language

urlpatterns = [
    path("", include("vyapar.dashboard.urls")),
    path("", include("vyapar.gateway.urls")),
    path("", include("vyapar.engine.urls")),
    path("", include("vyapar.webhooks.urls")),
    path("", include("vyapar.ops.takeout.urls")),
    path("", include("vyapar.messaging.urls")),
    path("", include("inventory.urls")),
    path("", include("reallocation.urls")),
    path("", include("campaigns.urls")),
    path("", include("compliance.urls")),
    path("", include("alerts.urls")),
    path("i18n/setlang/", choose_language, name="set_language"),
    path("admin/", admin.site.urls),
]

# under the API every answer is for machines, also where no door is
handler400 = "vyapar.gateway.strangers.bad_request"
handler403 = "vyapar.gateway.strangers.forbidden"
handler404 = "vyapar.gateway.strangers.not_found"
handler500 = "vyapar.gateway.strangers.failed"
