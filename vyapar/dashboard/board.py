"""The board on which apps hang their part of the shell: navigation, tiles, parts of an action's page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import QueryDict

from vyapar.dashboard.sheets import Table
from vyapar.engine.contracts import ActionView
from vyapar.people.contracts import May


@dataclass(frozen=True, slots=True)
class NavItem:
    """A page in the navigation. `count` puts a number beside it (what waits there)."""

    url_name: str
    label: Any
    icon: str
    order: int
    needs: May = May.READ
    count: Callable[[], int] | None = None
    on_phone: bool = False


@dataclass(frozen=True, slots=True)
class TileValue:
    """What a tile shows: a headline, what it means, where its rows are, and how it should feel.

    `value_paise` is for money headlines, `text` for others. `tone` is good, warn, bad or calm.
    """

    url: str
    text: str = ""
    value_paise: int | None = None
    note: str = ""
    tone: str = "calm"


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure of the first screen."""

    name: str
    label: Any
    order: int
    read: Callable[[], TileValue]


@dataclass(frozen=True, slots=True)
class Panel:
    """How the inbox shows one kind of action: a template and what it needs.

    `edit_template` holds the fields of the edit form, named as the kind's `edits`; `read_edits`
    turns the posted form into the changes that the kind's `revalue` takes.
    """

    kind: str
    template: str
    context: Callable[[ActionView], Mapping[str, Any]]
    edit_template: str = ""
    read_edits: Callable[[ActionView, Mapping[str, Any]], Mapping[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Strip:
    """Something an app adds to every action's page: what it knows of the action beside its own panel.

    `read` returns what the template needs, as `strip`, or None when there is nothing to show.
    """

    name: str
    template: str
    order: int
    read: Callable[[ActionView], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class SettingsLink:
    """A page that stands under the settings, and a sentence that says what it is for."""

    url_name: str
    label: Any
    note: Any
    icon: str
    order: int
    needs: May = May.RULES


@dataclass(frozen=True, slots=True)
class StepState:
    """How far a step is: done or not, where it is done, and what there is to say of it."""

    done: bool
    link: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A step by which a new distributor goes live; `read` looks at what is really there."""

    name: str
    label: Any
    order: int
    read: Callable[[datetime], StepState]


@dataclass(frozen=True, slots=True)
class Listing:
    """A page's list that can be kept as a file and sent by mail.

    `page` and `file`: names of the addresses of the page and its file (which takes `form`); `read` gives
    the rows of a query of the page, in the language in force.
    """

    name: str
    label: Any
    page: str
    file: str
    read: Callable[[QueryDict], Table]
    needs: May = May.READ


@dataclass(frozen=True, slots=True)
class MailDoor:
    """The name of the page on which a list is set to be sent by mail; it takes `listing` and `query`."""

    url_name: str


_steps: dict[str, Step] = {}
_nav: dict[str, NavItem] = {}
_strips: dict[str, Strip] = {}
_settings: dict[str, SettingsLink] = {}
_tiles: dict[str, Tile] = {}
_panels: dict[str, Panel] = {}
_listings: dict[str, Listing] = {}
_mail_doors: list[MailDoor] = []

Item = NavItem | Tile | Panel | Strip | SettingsLink | Step | Listing | MailDoor


def hang(item: Item) -> None:
    """Put an item on the board; the same name again replaces it."""
    if isinstance(item, NavItem):
        _nav[item.url_name] = item
    elif isinstance(item, Tile):
        _tiles[item.name] = item
    elif isinstance(item, Strip):
        _strips[item.name] = item
    elif isinstance(item, SettingsLink):
        _settings[item.url_name] = item
    elif isinstance(item, Step):
        _steps[item.name] = item
    elif isinstance(item, Listing):
        _listings[item.name] = item
    elif isinstance(item, MailDoor):
        _mail_doors[:] = [item]
    else:
        _panels[item.kind] = item


def nav() -> list[NavItem]:
    """Pages in their order."""
    return sorted(_nav.values(), key=lambda item: item.order)


def tiles() -> list[Tile]:
    """Tiles in their order."""
    return sorted(_tiles.values(), key=lambda tile: tile.order)


def strips(view: ActionView) -> list[tuple[str, Mapping[str, Any]]]:
    """Templates and what they need, of the strips that have something to show of an action."""
    shown = [(one.template, one.read(view)) for one in sorted(_strips.values(), key=lambda s: s.order)]
    return [(template, found) for template, found in shown if found is not None]


def settings_links() -> list[SettingsLink]:
    """Pages under the settings in their order."""
    return sorted(_settings.values(), key=lambda link: link.order)


def steps(at: datetime) -> list[tuple[Step, StepState]]:
    """Steps of a new distributor in their order, as far as each is."""
    return [(step, step.read(at)) for step in sorted(_steps.values(), key=lambda step: step.order)]


def panel(kind: str) -> Panel | None:
    """How a kind of action is shown."""
    return _panels.get(kind)


def listings() -> list[Listing]:
    """Lists that can be mailed, in the order in which they were hung."""
    return list(_listings.values())


def listing(name: str) -> Listing | None:
    """The list of a name."""
    return _listings.get(name)


def mail_door(file: str) -> tuple[str, str] | None:
    """The page on which the list with this file is set to be mailed, and the list's name."""
    found = next((one for one in _listings.values() if one.file == file), None)
    return (_mail_doors[0].url_name, found.name) if found and _mail_doors else None
