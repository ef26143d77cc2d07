"""Addresses of compliance."""

from django.urls import path, re_path

from compliance import api, views

app_name = "compliance"
urlpatterns = [
    path("compliance", views.documents, name="documents"),
    re_path(r"^compliance/documents\.(?P<form>csv|xlsx)$", views.documents_file, name="documents_file"),
    re_path(r"^compliance/findings\.(?P<form>csv|xlsx)$", views.findings_file, name="findings_file"),
    path("compliance/documents/<uuid:paper_id>", views.document, name="document"),
    path("compliance/documents/<uuid:paper_id>/pdf", views.document_pdf, name="document_pdf"),
    path("compliance/documents/<uuid:paper_id>/eway", views.eway_file, name="eway_file"),
    path("compliance/documents/<uuid:paper_id>/eway-number", views.note_eway, name="note_eway"),
    path("compliance/reports/<uuid:report_id>", views.report, name="report"),
    path("compliance/reports/<uuid:report_id>/file", views.report_file, name="report_file"),
    re_path(
        r"^compliance/reports/(?P<period>\d{4}-\d{2})/credit\.(?P<form>csv|xlsx)$",
        views.credit_file,
        name="credit_file",
    ),
    path("compliance/reports/<str:period>", views.period_report, name="period_report"),
    path("gst/v1/compliance-check", api.ComplianceCheck.as_view(), name="check"),
    path("api/v1/documents", api.PaperList.as_view(), name="paper_list"),
    path("api/v1/documents/<uuid:paper_id>", api.PaperOne.as_view(), name="paper"),
    path("api/v1/documents/<uuid:paper_id>/pdf", api.PaperPdf.as_view(), name="paper_pdf"),
    path("api/v1/documents/<uuid:paper_id>/eway", api.PaperEway.as_view(), name="paper_eway"),
    path("reports/v1/files/<uuid:report_id>", api.ReportOne.as_view(), name="regulatory_file"),
    path("reports/v1/regulatory/<str:period>", api.Regulatory.as_view(), name="regulatory"),
]
