"""Addresses of alerts."""

from django.urls import path, re_path

from alerts import api
from alerts.views import lists as views
from alerts.views import mailed_lists, reports

app_name = "alerts"
urlpatterns = [
    path("alerts", views.alerts, name="alerts"),
    re_path(r"^alerts\.(?P<form>csv|xlsx)$", views.alerts_file, name="alerts_file"),
    path("alerts/preferences", views.preferences, name="preferences"),
    path("alerts/reports", reports.reports, name="reports"),
    path("alerts/reports/stop", reports.stop_by_reader, name="report_stop_by_reader"),
    path("alerts/reports/<int:report_id>/now", reports.send_now, name="report_now"),
    path("alerts/reports/<int:report_id>/resume", reports.resume, name="report_resume"),
    path("alerts/lists", mailed_lists.lists, name="lists"),
    path("alerts/lists/file", mailed_lists.list_file, name="list_file"),
    re_path(
        r"^alerts/lists/(?P<list_id>\d{1,18})/(?P<verb>now|stop|resume)$",
        mailed_lists.decide,
        name="list_decide",
    ),
    path("api/v1/mailed-lists", api.MailedListsDoor.as_view(), name="mailed_lists"),
    path("api/v1/mailed-lists/<int:list_id>", api.MailedListDoor.as_view(), name="mailed_list"),
    path("api/v1/mailed-lists/<int:list_id>/send", api.MailedListSend.as_view(), name="mailed_list_send"),
    path("api/v1/mailed-lists/<int:list_id>/resume", api.MailedListResume.as_view(), name="mailed_list_on"),
    path("alerts/reports/<int:report_id>/stop", reports.stop, name="report_stop"),
    path("alerts/weekly-report", views.weekly_report, name="weekly_report"),
    re_path(r"^alerts/(?P<alert_id>\d{1,18})/(?P<verb>acknowledge|snooze)$", views.act, name="act"),
]
