"""Sentences that pure rooms make: plain English text which also knows its pattern and its figures.

A mind knows no reader and no language. What it says is kept as a pattern with named values beside the
English text, and is said again in the reader's language where it is shown. Rooms import `phrase` as `_` and
`counted` as `ngettext`, so that the extraction of translations finds the patterns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vyapar.kernel.digits import group_indian


class Phrase(str):
    """English text that remembers what it was made of.

    `words`: its sentences in plain form, `{"say": pattern, "with": {name: value}}` or
    `{"one": pattern, "many": pattern, "count": n, "with": …}`; a value that is a phrase is its words.
    """

    words: tuple[Mapping[str, Any], ...]

    @classmethod
    def of(cls, text: str, words: tuple[Mapping[str, Any], ...]) -> Phrase:
        found = cls(text)
        found.words = words
        return found


def phrase(pattern: str, /, **values: str | float) -> Phrase:
    """`pattern`, with `%(name)s` where a value stands; a percent sign is written twice."""
    return Phrase.of(pattern % values, ({"say": pattern, "with": _plain(values)},))


def counted(one: str, many: str, count: int, /, **values: str | float) -> Phrase:
    """`one` where the count is 1, `many` elsewhere; both may name `%(count)s`, grouped as Indians do."""
    values = {"count": group_indian(count), **values}
    text = (one if count == 1 else many) % values
    return Phrase.of(text, ({"one": one, "many": many, "count": count, "with": _plain(values)},))


def together(*sentences: Phrase) -> Phrase:
    """Sentences one after the other."""
    return Phrase.of(" ".join(sentences), tuple(part for one in sentences for part in one.words))


def coded(code: object) -> Phrase:
    """A code as screens name it, for the middle of a sentence: `auto_approved` is "Auto approved"."""
    text = str(code).replace("_", " ").strip()
    return phrase((text[:1].upper() + text[1:]).replace("%", "%%"))


def listed(texts: Sequence[str], between: str = " · ") -> Phrase:
    """Texts in one line, each in the reader's language where it is a phrase."""
    values = {f"t{number}": text for number, text in enumerate(texts)}
    return phrase(between.replace("%", "%%").join(f"%({name})s" for name in values), **values)


def again(text: str, words: Sequence[Mapping[str, Any]] | None = None) -> str:
    """A text as it was kept, a phrase where its words were kept with it."""
    return Phrase.of(text, tuple(words)) if text and words else text


def text_of(words: Sequence[Mapping[str, Any]]) -> str:
    """The English text of words as they were kept; empty where they fit no pattern."""
    return told(words, lambda say: say, lambda one, many, count: one if count == 1 else many)


def told(
    words: Sequence[Mapping[str, Any]], one: Callable[[str], str], counted: Callable[[str, str, int], str]
) -> str:
    """Words as they were kept, their patterns put by `one` and, where they count, by `counted` into what is
    read; empty where they fit no pattern.
    """
    try:
        return " ".join(_sentence(word, one, counted) for word in words)
    except (KeyError, TypeError, ValueError):
        return ""


def _sentence(
    word: Mapping[str, Any], one: Callable[[str], str], counted: Callable[[str, str, int], str]
) -> str:
    values = {
        name: told(value, one, counted) if isinstance(value, list | tuple) else value
        for name, value in word["with"].items()
    }
    pattern = counted(word["one"], word["many"], word["count"]) if "one" in word else one(word["say"])
    return str(pattern % values)


def kept(text: str, most: int) -> tuple[str, list[Mapping[str, Any]]]:
    """A text cut to what a column holds, and its words to be kept beside it, whole."""
    return str(text[:most]), list(words_of(text))


def words_of(text: object) -> tuple[Mapping[str, Any], ...]:
    """The words of a phrase; none of any other text, which is said as it stands."""
    return text.words if isinstance(text, Phrase) else ()


def _plain(values: Mapping[str, str | float]) -> dict[str, Any]:
    return {name: list(words_of(value)) or value for name, value in values.items()}
