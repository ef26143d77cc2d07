"""Addresses of the takeout."""

from django.urls import path, re_path

from vyapar.ops.takeout import views

app_name = "takeout"
urlpatterns = [
    path("settings/takeout", views.takeout, name="takeout"),
    path("settings/takeout/begin", views.begin, name="begin"),
    re_path(r"^settings/takeout/(?P<name>[A-Za-z0-9_.-]+\.zip)$", views.fetch, name="fetch"),
    path("api/v1/takeouts", views.TakeoutStart.as_view(), name="start"),
    path("api/v1/takeouts/<uuid:job_id>", views.TakeoutOne.as_view(), name="one"),
    path("api/v1/takeouts/<uuid:job_id>/file", views.TakeoutFile.as_view(), name="file"),
]
