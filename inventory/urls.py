"""Addresses of inventory."""

from django.urls import path, re_path

from inventory import api, views

app_name = "inventory"
urlpatterns = [
    path("stock", views.stock, name="stock"),
    re_path(r"^stock\.(?P<form>csv|xlsx)$", views.export, name="export"),
    path("stock/<str:sku>/<str:territory>", views.item, name="item"),
    path("api/v1/inventory/current", api.CurrentInventory.as_view(), name="current"),
    path("api/v1/sales/batch", api.SalesBatch.as_view(), name="sales_batch"),
    path(
        "api/v1/retailers/<str:retailer_id>/sales-history", api.SalesHistory.as_view(), name="sales_history"
    ),
    path("api/v1/retailers", api.RetailerList.as_view(), name="retailers"),
    path("api/v1/distributor", api.DistributorDoor.as_view(), name="distributor"),
]
