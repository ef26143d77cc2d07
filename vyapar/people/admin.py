"""Accounts in the admin: searchable; passwords are changed by their owners."""

from typing import Any

from django.contrib import admin

from vyapar.people.models import User


@admin.register(User)
class UserAdmin(admin.ModelAdmin[Any]):
    list_display = ("username", "first_name", "role", "email", "is_active", "last_login")
    list_filter = ("role", "is_active")
    search_fields = ("username", "first_name", "email")
    readonly_fields = ("password", "last_login", "date_joined", "is_superuser")
    exclude = ("groups", "user_permissions")
