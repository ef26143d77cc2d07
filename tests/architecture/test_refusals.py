"""What a refusal says can be said in the reader's language: its sentence is a phrase or a text of gettext."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("vyapar", "inventory", "reallocation", "campaigns", "compliance", "alerts")

#: class -> the place of its sentence among the arguments.
SPEAK = {
    "Fault": 1, "VyaparError": 0, "Refused": 0, "Invalid": 0, "Forbidden": 0, "NotFound": 0, "Stale": 0,
    "Unavailable": 0, "NotNow": 0, "Rejected": 0, "Misconfigured": 0, "ValidationError": 0,
    "PreconditionFailed": 0, "PreconditionRequired": 0, "TooLarge": 0, "ForbiddenAddress": 0,
    "UnknownHost": 0, "RateUnclear": 1, "Unsigned": 0, "Malformed": 0, "NoLength": 0, "problem": 1,
    "answer_problem": 2, "_problem": 1,
}  # fmt: skip
#: What makes faults of a sentence: the calls, and the place of the sentence among their arguments.
MAKE = {
    "sheet.fault": 3, "sheet.warn": 3, "found.reject": 2, "found.warn": 2, "found.fault": 3, "refuse": 1,
    "bad_query": 1, "kind.as_error": 1, "field": 2, "_own_code": 0, "Uncovered": 2,
}  # fmt: skip
TRANSLATE = ("django.utils.translation", "vyapar.kernel.phrases")

#: Paths whose refusals stay English, and why.
ENGLISH = {
    "vyapar/ops/embedded/": "printed in the terminal of whoever starts the system",
    "vyapar/ops/patience.py": "printed in the terminal of whoever starts the system",
    "vyapar/ops/stack.py": "printed in the terminal of whoever starts the system",
    "vyapar/ops/supervisor.py": "printed in the terminal of whoever starts the system",
    "vyapar/ops/up.py": "printed in the terminal of whoever starts the system",
    "vyapar/ops/sandbox/": "the words of a foreign system, as it says them",
    "inventory/feeds/demonstration/": "a developer's command, in his terminal",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Module


class Module:
    """One module: where its sentences come from, as far as it can be seen from inside it."""

    def __init__(self, source: str) -> None:
        self.tree = ast.parse(source)
        self.translators = {
            alias.asname or alias.name
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom) and node.module in TRANSLATE
            for alias in node.names
        }
        self.home: dict[ast.AST, Function] = {}
        self.functions: dict[str, Function] = {}
        self._settle(self.tree, self.tree)

    def _settle(self, node: ast.AST, home: Function) -> None:
        for child in ast.iter_child_nodes(node):
            self.home[child] = home
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                self.functions[child.name] = child
                self._settle(child, child)
            else:
                self._settle(child, home)

    def plain(self) -> Iterator[tuple[int, str]]:
        """(line, text) of every sentence of a refusal that no catalogue can know."""
        for node in ast.walk(self.tree):
            for text in _sentences(node) if isinstance(node, ast.Call) else ():
                for one in self._plain(text, self.home[node], set()):
                    yield node.lineno, ast.unparse(one)

    def _plain(self, text: ast.expr, home: Function, seen: set[tuple[str, ast.AST]]) -> Iterator[ast.expr]:
        match text:
            case ast.Constant(value=str() as said) if said.strip():
                yield text
            case ast.JoinedStr():
                yield text
            case ast.BinOp(left=left, op=ast.Mod()):
                yield from self._plain(left, home, seen)
            case ast.BinOp(left=left, right=right):
                yield from self._plain(left, home, seen)
                yield from self._plain(right, home, seen)
            case ast.IfExp(body=one, orelse=other):
                yield from self._plain(one, home, seen)
                yield from self._plain(other, home, seen)
            case ast.BoolOp(values=several):
                for one in several:
                    yield from self._plain(one, home, seen)
            case ast.Call(func=ast.Attribute(attr="join")):
                yield text
            case ast.Call(func=ast.Name(id=name)) if name in self.functions and name not in self.translators:
                yield from self._returned(name, seen)
            case ast.Name(id=name) if (name, home) not in seen:
                seen.add((name, home))
                yield from self._named(name, home, seen)

    def _returned(self, name: str, seen: set[tuple[str, ast.AST]]) -> Iterator[ast.expr]:
        made = self.functions[name]
        if (name, made) in seen:
            return
        seen.add((name, made))
        for node in ast.walk(made):
            if isinstance(node, ast.Return) and node.value is not None and self.home[node] is made:
                yield from self._plain(node.value, made, seen)

    def _named(self, name: str, home: Function, seen: set[tuple[str, ast.AST]]) -> Iterator[ast.expr]:
        """What a name can hold: what is assigned to it, what a loop gives it, what callers hand in."""
        for node in ast.walk(home):
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    for value in _given(target, name, node.value):
                        yield from self._plain(value, home, seen)
            elif isinstance(node, ast.For | ast.comprehension):
                for value in self._looped(node.target, name, node.iter, home):
                    yield from self._plain(value, home, seen)
        if isinstance(home, ast.Module):
            return
        arguments = [*home.args.posonlyargs, *home.args.args, *home.args.kwonlyargs]
        if any(argument.arg == name for argument in arguments):
            for value, caller in self._handed(home, name):
                yield from self._plain(value, caller, seen)
        elif not any(
            isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store) for n in ast.walk(home)
        ):
            yield from self._named(name, self.home[home], seen)

    def _looped(self, target: ast.expr, name: str, over: ast.expr, home: Function) -> Iterator[ast.expr]:
        match over:
            case ast.Tuple(elts=several) | ast.List(elts=several) | ast.Set(elts=several):
                for one in several:
                    yield from _given(target, name, one)
            case ast.Call(func=ast.Attribute(value=ast.Dict() as table, attr="items")):
                for key, value in zip(table.keys, table.values, strict=True):
                    if key is not None:
                        yield from _given(target, name, ast.Tuple([key, value], ast.Load()))
            case ast.Name(id=known):
                for place in {home, self.tree}:
                    for node in ast.walk(place):
                        if isinstance(node, ast.Assign | ast.AnnAssign) and _holds(node, known):
                            assert node.value is not None
                            yield from self._looped(target, name, node.value, home)

    def _handed(self, made: Function, name: str) -> Iterator[tuple[ast.expr, Function]]:
        assert not isinstance(made, ast.Module)
        names = [argument.arg for argument in (*made.args.posonlyargs, *made.args.args)]
        for node in ast.walk(self.tree):
            if not isinstance(node, ast.Call) or _name(node.func) != made.name:
                continue
            skip = 1 if names[:1] in (["self"], ["cls"]) else 0
            for word in node.keywords:
                if word.arg == name:
                    yield word.value, self.home[node]
            if name in names and len(node.args) > names.index(name) - skip:
                yield node.args[names.index(name) - skip], self.home[node]


def _sentences(call: ast.Call) -> Iterator[ast.expr]:
    """The arguments of a call that people read."""
    place = SPEAK.get(_name(call.func), MAKE.get(ast.unparse(call.func)))
    if place is not None:
        yield from call.args[place : place + 1]
        yield from (word.value for word in call.keywords if word.arg in ("message", "says"))
    elif _name(call.func) == "reject_all":
        for check in call.args[0].elts if isinstance(call.args[0], ast.Tuple) else ():
            yield from check.elts[2:3] if isinstance(check, ast.Tuple) else ()


def _name(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def _sets(home: ast.AST, name: str) -> bool:
    stored = (node for node in ast.walk(home) if isinstance(node, ast.Name) and node.id == name)
    return any(isinstance(node.ctx, ast.Store) for node in stored)


def _holds(node: ast.Assign | ast.AnnAssign, name: str) -> bool:
    """Whether an assignment gives a name something that can be looped over as it stands."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    named = any(isinstance(one, ast.Name) and one.id == name for one in targets)
    return named and node.value is not None and not isinstance(node.value, ast.Name)


def _given(target: ast.expr, name: str, value: ast.expr) -> Iterator[ast.expr]:
    """What `name` gets of a value that is unpacked into a target."""
    match target, value:
        case ast.Name(id=found), _ if found == name:
            yield value
        case ast.Tuple(elts=targets), ast.Tuple(elts=values) if len(targets) == len(values):
            for one, other in zip(targets, values, strict=True):
                yield from _given(one, name, other)


@pytest.mark.parametrize("room", ROOMS)
def test_every_refusal_can_be_said_in_the_readers_language(room: str) -> None:
    plain = [
        f"{path.relative_to(ROOT)}:{line} {text}"
        for path in sorted((ROOT / room).rglob("*.py"))
        if not str(path.relative_to(ROOT)).startswith(tuple(ENGLISH))
        for line, text in Module(path.read_text()).plain()
    ]
    assert plain == []


GOOD = """
from vyapar.kernel.phrases import phrase as _
LATER = _("write a day")
def check(day, error):
    raise Invalid(_("no %(day)s", day=day), faults=[Fault("day", LATER, "day"), Fault("x", error.message)])
"""
BAD = """
NOT_YET = "write a day"
def check(day):
    message = f"no {day}"
    faults = [Fault("day", NOT_YET, "day")]
    for code, why in (("a", "one"), ("b", "two")):
        faults.append(Fault(code, why))
    _refuse("not so", message)
def _refuse(message, more):
    raise Invalid(" and ".join([message]), faults=[Fault("x", message=more), Fault("y", message)])
"""


def test_the_scan_follows_a_sentence_to_where_it_is_written() -> None:
    assert list(Module(GOOD).plain()) == []
    found = {text for _line, text in Module(BAD).plain()}
    assert found == {
        "'write a day'", "f'no {day}'", "'one'", "'two'", "'not so'", "' and '.join([message])"
    }  # fmt: skip


@pytest.mark.parametrize("path", ENGLISH)
def test_what_stays_english_is_still_there(path: str) -> None:
    assert (ROOT / path).exists()
