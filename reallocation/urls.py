"""Addresses of transfers."""

from django.urls import path, re_path

from reallocation import api, views

app_name = "reallocation"
urlpatterns = [
    path("transfers", views.transfers, name="transfers"),
    re_path(r"^transfers\.(?P<form>csv|xlsx)$", views.transfers_file, name="transfers_file"),
    path("transfers/<int:transfer_id>", views.transfer, name="transfer"),
    path("transfers/<int:transfer_id>/receive", views.receive, name="receive"),
    path("transfers/<int:transfer_id>/bill", views.bill, name="bill"),
    path("api/v1/inventory/<str:sku>/reallocation", api.Reallocation.as_view(), name="reallocate"),
    path("api/v1/transfers", api.TransferList.as_view(), name="transfer_list"),
    path("api/v1/transfers/<int:transfer_id>/receipt", api.TransferReceipt.as_view(), name="receipt"),
    path("api/v1/transfers/<int:transfer_id>/freight", api.TransferFreight.as_view(), name="freight"),
]
