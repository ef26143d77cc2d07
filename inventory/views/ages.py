"""How bands of days are called."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from inventory.selectors import AGE_BANDS


def age_words(index: int) -> str:
    """A band of `AGE_BANDS` in words: `31 to 60 days`, `181 days and more`."""
    return band_words(AGE_BANDS, index)


def band_words(starts: Sequence[int], index: int) -> str:
    """A band in words; `starts`: the first day of each, of which the last has no end."""
    if index + 1 == len(starts):
        return _("%(days)d days and more") % {"days": starts[index]}
    return _("%(first)d to %(last)d days") % {"first": starts[index], "last": starts[index + 1] - 1}
