"""How bands of days without movement are called."""

from __future__ import annotations

from django.utils.translation import gettext as _

from inventory.selectors import AGE_BANDS


def age_words(index: int) -> str:
    """A band of `AGE_BANDS` in words: `30 to 59 days`, `180 days and more`."""
    if index + 1 == len(AGE_BANDS):
        return _("%(days)d days and more") % {"days": AGE_BANDS[index]}
    return _("%(first)d to %(last)d days") % {"first": AGE_BANDS[index], "last": AGE_BANDS[index + 1] - 1}
