"""What of an export is not taken, how often it stands there, and why. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from inventory.contracts.feeds import Uncovered
from inventory.feeds.tally.records import Node, tidy
from inventory.feeds.tally.tags import READ
from vyapar.kernel.phrases import phrase as _

_SHOWN = 200  # of different tags
_LONGEST = 60


class Coverage:
    """Counts while a file is read; `told` when it is at its end."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._examples: dict[tuple[str, str], str] = {}
        self._tags: Counter[str] = Counter()
        self._values: dict[str, str] = {}

    def note(self, name: str, reason: str, example: str = "", count: int = 1) -> None:
        """Something that is not taken."""
        key = (name, reason)
        self._counts[key] += count
        self._examples.setdefault(key, example[:_LONGEST])

    def look_at(self, node: Node, *, below: str = "") -> None:
        """Count the tags of a record that nothing here reads."""
        where = below or node.tag
        for tag, text in (*node.texts.items(), *node.more):
            self._tag(where, tag, text)
        for tag, parts in node.lists.items():
            if tag in READ:
                for part in parts:
                    self.look_at(part, below=f"{where}/{tag}")
            elif tag not in node.texts:
                self._tag(where, tag, parts[0].text, len(parts))

    def told(self, skipped: Counter[str], own: int) -> Sequence[Uncovered]:
        """What was counted, the most frequent first within each kind of reason."""
        kinds = [
            Uncovered(tag, count, _("records of this kind hold nothing this system keeps"))
            for tag, count in skipped.most_common(_SHOWN)
        ]
        noted = [
            Uncovered(name, count, reason, self._examples[name, reason])
            for (name, reason), count in self._counts.most_common()
        ]
        tags = [
            Uncovered(name, count, _("a field this system does not keep"), self._values.get(name, ""))
            for name, count in self._tags.most_common(_SHOWN)
        ]
        reason = _("settings, audit and statutory flags of Tally itself")
        rest = [Uncovered(_("fields of Tally's own"), own, reason)] if own else []
        return [*noted, *kinds, *tags, *rest]

    def _tag(self, where: str, tag: str, text: str, count: int = 1) -> None:
        if tag in READ:
            return
        name = f"{where}/{tag}"
        self._tags[name] += count
        self._values.setdefault(name, tidy(text)[:_LONGEST])
