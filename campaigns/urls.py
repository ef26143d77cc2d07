"""Addresses of campaigns."""

from django.urls import path

from campaigns import views

app_name = "campaigns"
urlpatterns = [
    path("campaigns", views.campaigns, name="campaigns"),
    path("campaigns/<str:campaign_id>", views.campaign, name="campaign"),
    path("campaigns/<str:campaign_id>/end", views.end, name="end"),
]
