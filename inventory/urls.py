"""Addresses of inventory."""

from django.urls import path, re_path

from inventory.api import stock as stock_api
from inventory.views import stock

app_name = "inventory"
urlpatterns = [
    path("stock", stock.stock, name="stock"),
    re_path(r"^stock\.(?P<form>csv|xlsx)$", stock.export, name="export"),
    path("stock/<str:sku>/<str:territory>", stock.item, name="item"),
    path("api/v1/inventory/current", stock_api.CurrentInventory.as_view(), name="current"),
    path("api/v1/sales/batch", stock_api.SalesBatch.as_view(), name="sales_batch"),
    path(
        "api/v1/retailers/<str:retailer_id>/sales-history",
        stock_api.SalesHistory.as_view(),
        name="sales_history",
    ),
    path("api/v1/retailers", stock_api.RetailerList.as_view(), name="retailers"),
    path("api/v1/distributor", stock_api.DistributorDoor.as_view(), name="distributor"),
]
