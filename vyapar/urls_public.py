"""What the platform's own host answers: staff's admin; no distributor's data lives here."""

from django.contrib import admin
from django.urls import path

urlpatterns = [path("admin/", admin.site.urls)]
