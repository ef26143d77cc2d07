"""XML as trees, and trees as Tally writes them: reserved words behind a character XML does not allow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr


@dataclass(slots=True)
class Tree:
    """One element; tags are upper case."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Tree] = field(default_factory=list)
    text: str = ""

    def find(self, tag: str) -> Tree | None:
        """The first child of a tag."""
        return next((child for child in self.children if child.tag == tag), None)

    def get(self, tag: str) -> str:
        """The text of the first child of a tag, without surrounding space."""
        child = self.find(tag)
        return child.text.strip() if child else ""

    def each(self, tag: str) -> list[Tree]:
        return [child for child in self.children if child.tag == tag]

    def put(self, tag: str, text: str) -> None:
        """Set the text of a child, adding it when it is not there."""
        child = self.find(tag)
        if child is None:
            self.children.append(Tree(tag, text=text))
        else:
            child.text, child.children = text, []

    def walk(self) -> Iterator[Tree]:
        yield self
        for child in self.children:
            yield from child.walk()

    def copy(self) -> Tree:
        return Tree(self.tag, dict(self.attributes), [child.copy() for child in self.children], self.text)

    @property
    def name(self) -> str:
        return self.attributes.get("NAME") or self.get("NAME")

    def xml(self) -> str:
        told = "".join(f" {key}={quoteattr(value)}" for key, value in self.attributes.items())
        inner = "".join(child.xml() for child in self.children) or escape(self.text).replace("\x04", "&#4;")
        return f"<{self.tag}{told}>{inner}</{self.tag}>\r\n"


def parse(xml: str) -> Tree | None:
    """The tree of a document; None when it is not well-formed."""
    root = Tree("")
    stack = [root]

    def start(tag: str, attributes: dict[str, str]) -> None:
        node = Tree(tag.upper(), {key.upper(): value for key, value in attributes.items()})
        stack[-1].children.append(node)
        stack.append(node)

    def end(_tag: str) -> None:
        node = stack.pop()
        node.text = node.text if not node.children else ""

    def characters(text: str) -> None:
        stack[-1].text += text

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = characters
    try:
        parser.Parse(xml.encode(), True)
    except expat.ExpatError:
        return None
    return root.children[0] if root.children else None
