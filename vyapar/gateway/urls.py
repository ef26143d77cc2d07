"""The API's description and its viewer."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView

app_name = "gateway"
urlpatterns = [
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs", SpectacularRedocView.as_view(url_name="gateway:schema"), name="docs"),
]
