"""What every template may use without `{% load %}`; docs/look.md shows each filter and component."""

from __future__ import annotations

from vyapar.dashboard.templatetags import ui_blocks, ui_filters, ui_large, ui_small
from vyapar.dashboard.templatetags.ui_library import register

__all__ = ["register", "ui_blocks", "ui_filters", "ui_large", "ui_small"]
