"""Tally's XML read as a stream of records, each a small tree; one record in memory at a time. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NoReturn
from xml.parsers import expat

from inventory.feeds.tally.tags import is_own
from inventory.feeds.tally.text import Cleaner
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _

_PIECE = 1 << 18
_DEEPEST = 100
_LARGEST_RECORD = 64 << 20  # characters
_MOST_TAGS = 20_000  # different ones in a file
_ROOT = "FILES"

#: Tags that only hold others.
_CONTAINERS = frozenset(
    {_ROOT, "ENVELOPE", "BODY", "DESC", "DATA", "IMPORTDATA", "EXPORTDATA", "REQUESTDESC", "REQUESTDATA",
     "TALLYMESSAGE", "COLLECTION", "RESULT", "CONTEXT"}
)  # fmt: skip
#: Records inside it are there to be understood by, not to be taken: a pull puts them in front.
_CONTEXT = "CONTEXT"
#: Tags that become records wherever they stand inside the containers.
MASTERS = frozenset(
    {"GROUP", "LEDGER", "UNIT", "GODOWN", "STOCKGROUP", "STOCKCATEGORY", "STOCKITEM", "VOUCHERTYPE",
     "GSTCLASSIFICATION"}
)  # fmt: skip
_NOTES = frozenset({"STATICVARIABLES", "COMPANY", "RESPONSE", "LINEERROR"})
_RECORDS = MASTERS | _NOTES | {"VOUCHER"}
#: Tags about the export itself.
_QUIET = frozenset(
    {"HEADER", "CMPINFO", "CMPINFOEX", "MSTALTIDINFO", "REPORTNAME", "TDL", "STATUS", "VERSION", "ID"}
)


@dataclass(slots=True)
class Node:
    """One element: texts of its simple children by tag, its other children by tag.

    Of a tag that is repeated `texts` has the first and `more` the others. Empty ones are left out.
    """

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    more: list[tuple[str, str]] = field(default_factory=list)
    lists: dict[str, list[Node]] = field(default_factory=dict)
    text: str = ""
    is_context: bool = False

    def get(self, *tags: str) -> str:
        """The text of the first of `tags` that has one, tidied; empty when none has."""
        for tag in tags:
            found = self.texts.get(tag)
            if found:
                return tidy(found)
        return ""

    def all(self, tag: str) -> list[str]:
        """Every text of a repeated tag, tidied, in order."""
        first = [tidy(self.texts[tag])] if tag in self.texts else []
        return first + [tidy(text) for name, text in self.more if name == tag]

    def each(self, tag: str) -> list[Node]:
        """The children of a tag that have children or attributes of their own."""
        return self.lists.get(tag, [])

    def is_yes(self, tag: str) -> bool:
        return self.get(tag).lower() in ("yes", "true", "1")

    @property
    def name(self) -> str:
        """The name of a master: its attribute, its tag, or the first of its list of names."""
        given = tidy(self.attributes.get("NAME", "")) or self.get("NAME")
        return given or next(iter(self.names()), "")

    def names(self) -> list[str]:
        """Name and aliases as listed."""
        holders = [self, *self.each("LANGUAGENAME.LIST")]
        return [name for holder in holders for part in holder.each("NAME.LIST") for name in part.all("NAME")]


def tidy(text: str) -> str:
    """Without line ends and runs of spaces, which exports leave inside names."""
    return " ".join(text.split())


class Reader:
    """Reads one file. `offset` is how many of its bytes have been read, `skipped` what it passed over."""

    def __init__(self, stream: BinaryIO, *, encoding: str = "") -> None:
        self._stream = stream
        self._cleaner = Cleaner(encoding)
        self._builder = _Builder()
        self.offset = 0

    @property
    def skipped(self) -> Counter[str]:
        """Kinds of records that nothing here reads, with how many there were."""
        return self._builder.skipped

    @property
    def own(self) -> int:
        """How many tags of Tally's own state it passed over."""
        return self._builder.own

    def records(self) -> Iterator[Node]:
        """Every record of the file in order. `Invalid` says at which line it stops being readable."""
        self._builder.feed(f"<{_ROOT}>")
        while True:
            piece = self._stream.read(_PIECE)
            self.offset += len(piece)
            self._builder.feed(self._cleaner.feed(piece, final=not piece))
            yield from self._builder.take()
            if not piece:
                break
        self._builder.close()
        yield from self._builder.take()


class _Builder:
    """Handlers of the parser: builds the record at hand, passes over everything else.

    An element becomes a node only when something stands inside it: most hold a word and nothing more.
    """

    def __init__(self) -> None:
        self.skipped: Counter[str] = Counter()
        self.own = 0
        self._done: list[Node] = []
        self._open: list[Node] = []  # nodes from the record down to where we are
        self._leaf: tuple[str, dict[str, str]] | None = None  # an element that is no node yet
        self._texts: list[str] = []
        self._size = 0
        self._depth = 0
        self._context = 0  # depth of the context we are in
        self._pass_over = 0  # depth of the element that is passed over with all it holds
        self._tags: dict[str, tuple[str, bool]] = {}
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.EntityDeclHandler = _refuse_doctype
        self._parser = parser

    def feed(self, text: str) -> None:
        self._parse(text.encode("utf-8", "replace"), final=False)

    def close(self) -> None:
        """The end of the file: what is still open was cut off."""
        if self._depth > 1:
            message = _("the file ends in the middle: export or send it again")
            raise _invalid("xml_cut_off", message, self._parser.CurrentLineNumber)
        self._parse(f"</{_ROOT}>".encode(), final=True)

    def take(self) -> list[Node]:
        done, self._done = self._done, []
        return done

    def _parse(self, raw: bytes, *, final: bool) -> None:
        try:
            self._parser.Parse(raw, final)
        except expat.ExpatError as error:
            what = expat.errors.messages.get(error.code, "not well-formed")
            sentence = _(
                "the XML breaks at line %(line)s: %(what)s; export it again", line=error.lineno, what=what
            )
            raise _invalid("xml_malformed", sentence, error.lineno) from None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            self._refuse("xml_too_deep", _("tags nested deeper than %(most)s", most=_DEEPEST))
        if self._pass_over:
            return
        known = self._tags.get(name)
        tag, own = known if known is not None else self._tag(name)
        if self._open or self._leaf is not None:
            if own:
                self._pass_over = self._depth
                self.own += 1
                return
            if self._leaf is not None:
                self._unfold(self._leaf)
            self._begin(tag, attributes)
        elif tag in _RECORDS:
            self._size = 0
            self._unfold((tag, _upper(attributes)))
            self._open[-1].is_context = self._context > 0
        elif tag == _CONTEXT:
            self._context = self._context or self._depth
        elif tag not in _CONTAINERS:
            self._pass_over = self._depth
            if tag not in _QUIET:
                self.skipped[tag] += 1

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        self._size += len(tag) + 64
        self._leaf = (tag, _upper(attributes) if attributes else attributes)
        self._texts.clear()

    def _unfold(self, leaf: tuple[str, dict[str, str]]) -> None:
        self._size += sum(len(value) for value in leaf[1].values())
        self._open.append(Node(leaf[0], leaf[1]))
        self._leaf = None
        self._texts.clear()

    def _characters(self, text: str) -> None:
        if self._leaf is not None and not self._pass_over:
            self._texts.append(text)
            self._size += len(text)
            if self._size > _LARGEST_RECORD:
                self._refuse("record_too_large", _("one record larger than 64 MB"))
        elif len(self._open) == 1 and not self._pass_over:
            self._open[0].text += text if text.strip() else ""

    def _end(self, name: str) -> None:
        self._depth -= 1
        if self._pass_over:
            if self._depth < self._pass_over:
                self._pass_over = 0
        elif self._leaf is not None:
            self._close_leaf(*self._leaf)
        elif self._open:
            node = self._open.pop()
            if not self._open:
                self._done.append(node)
            elif node.texts or node.lists or _says_something(node.attributes):
                self._open[-1].lists.setdefault(node.tag, []).append(node)
        elif self._depth < self._context:
            self._context = 0

    def _close_leaf(self, tag: str, attributes: dict[str, str]) -> None:
        parent, text = self._open[-1], "".join(self._texts)
        self._leaf = None
        if text.strip():
            if tag in parent.texts:
                parent.more.append((tag, text))
            else:
                parent.texts[tag] = text
        if attributes and _says_something(attributes):
            parent.lists.setdefault(tag, []).append(Node(tag, attributes, text=text))

    def _tag(self, name: str) -> tuple[str, bool]:
        if len(self._tags) >= _MOST_TAGS:
            self._refuse("too_many_tags", _("more than %(most)s different tags", most=_MOST_TAGS))
        tag = name.upper()
        self._tags[name] = tag, is_own(tag)
        return self._tags[name]

    def _refuse(self, code: str, what: str) -> NoReturn:
        raise _invalid(
            code, _("%(what)s: no export of Tally has that", what=what), self._parser.CurrentLineNumber
        )


def _upper(attributes: dict[str, str]) -> dict[str, str]:
    return {key.upper(): value for key, value in attributes.items()}


def _says_something(attributes: dict[str, str]) -> bool:
    return any(key not in ("TYPE", "DESC", "ISLIST", "INDEX") for key in attributes)


def _refuse_doctype(*_given: object) -> None:
    raise _invalid("xml_doctype", _("the file defines a document type: Tally writes none"), None)


def _invalid(code: str, message: str, line: int | None) -> Invalid:
    return Invalid(message, code=code, faults=[Fault(code, message, "file", line)])
