"""The one library that every filter and component is registered in."""

from __future__ import annotations

from django import template

register = template.Library()
