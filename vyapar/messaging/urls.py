"""Addresses that far sides and people outside call."""

from django.urls import path

from vyapar.messaging import views

app_name = "messaging"
urlpatterns = [
    path("webhooks/whatsapp", views.whatsapp, name="whatsapp"),
    path("webhooks/sms", views.sms, name="sms"),
    path("messages/unsubscribe", views.unsubscribe, name="unsubscribe"),
]
