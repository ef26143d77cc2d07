"""Addresses of the webhooks' doors."""

from django.urls import path

from vyapar.webhooks import api

app_name = "webhooks"
_ONE = "api/v1/webhooks/<uuid:endpoint_id>"
urlpatterns = [
    path("api/v1/webhooks", api.Endpoints.as_view(), name="endpoints"),
    path(_ONE, api.EndpointOne.as_view(), name="endpoint"),
    path(f"{_ONE}/rotate", api.EndpointRotate.as_view(), name="rotate"),
    path(f"{_ONE}/ping", api.EndpointPing.as_view(), name="ping"),
    path(f"{_ONE}/replay", api.EndpointReplay.as_view(), name="replay"),
    path(f"{_ONE}/deliveries", api.EndpointDeliveries.as_view(), name="deliveries"),
    path(f"{_ONE}/deliveries/<uuid:delivery_id>", api.EndpointDelivery.as_view(), name="delivery"),
]
