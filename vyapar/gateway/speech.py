"""What phrases say in the language of whoever reads, on pages and at the API alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext

from vyapar.kernel.phrases import Phrase, coded, phrase, told, words_of


def reader_language() -> str:
    """The language of whoever asks now, one of those that we speak; English where nobody asks."""
    code = (translation.get_language() or "en")[:2]
    return code if code in dict(settings.LANGUAGES) else "en"


def say(text: object) -> str:
    """A text in the reader's language where it is a phrase; as it stands otherwise."""
    return say_again(words_of(text)) or str(text)


def named(name: object) -> Phrase:
    """A label of ours, or a code, as a phrase: its English text is what the catalogue knows."""
    if not isinstance(name, Promise):
        return coded(name)
    with translation.override("en"):
        return phrase(str(name).replace("%", "%%"))


def say_again(words: Sequence[Mapping[str, Any]]) -> str:
    """The sentences of a phrase in the reader's language; empty where there is none, or none that fits."""
    return told(words, gettext, ngettext)
