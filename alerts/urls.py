"""Addresses of alerts."""

from django.urls import path, re_path

from alerts.views import lists as views
from alerts.views import reports

app_name = "alerts"
urlpatterns = [
    path("alerts", views.alerts, name="alerts"),
    re_path(r"^alerts\.(?P<form>csv|xlsx)$", views.alerts_file, name="alerts_file"),
    path("alerts/preferences", views.preferences, name="preferences"),
    path("alerts/reports", reports.reports, name="reports"),
    path("alerts/reports/stop", reports.stop_by_reader, name="report_stop_by_reader"),
    path("alerts/reports/<int:report_id>/now", reports.send_now, name="report_now"),
    path("alerts/reports/<int:report_id>/stop", reports.stop, name="report_stop"),
    path("alerts/weekly-report", views.weekly_report, name="weekly_report"),
    re_path(r"^alerts/(?P<alert_id>\d{1,18})/(?P<verb>acknowledge|snooze)$", views.act, name="act"),
]
