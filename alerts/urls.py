"""Addresses of alerts."""

from django.urls import path, re_path

from alerts import views

app_name = "alerts"
urlpatterns = [
    path("alerts", views.alerts, name="alerts"),
    re_path(r"^alerts\.(?P<form>csv|xlsx)$", views.alerts_file, name="alerts_file"),
    path("alerts/preferences", views.preferences, name="preferences"),
    path("alerts/weekly-report", views.weekly_report, name="weekly_report"),
    re_path(r"^alerts/(?P<alert_id>\d{1,18})/(?P<verb>acknowledge|snooze)$", views.act, name="act"),
]
