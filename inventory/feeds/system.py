"""What the house knows of an outside system: how its files are opened, fetched from it, written for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inventory.contracts.feeds import Acknowledged, ExportDocument, ExportKind, Source
from vyapar.kernel.errors import VyaparError


@dataclass(frozen=True, slots=True)
class Access:
    """How one feed reaches its system. `secrets` never leave it; `sandbox` marks what is simulated."""

    code: str
    tenant: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    sandbox: bool = True
    redis_url: str = ""  # breakers shared by workers


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a pull brought into a folder: files for `open`, in order, and where the next one goes on.

    `complete` is False when there is more to come: the files are good, the pull goes on from `cursor`.
    `error` says what broke it off; without one, as much was brought as one pull may bring. `names`, in
    the order of `files`, are what the files are called there; whoever pulls keeps those whose run has
    not ended in `cursor["waiting"]`, with the run's number, and hands them to `settle` one by one.
    """

    files: tuple[Path, ...]
    cursor: Mapping[str, Any]
    complete: bool = True
    simulated: bool = False
    error: VyaparError | None = None
    names: tuple[str, ...] = ()


def has_address(settings: Mapping[str, Any]) -> bool:
    """Whether a feed says where its system is reached."""
    return bool(settings.get("address") or settings.get("url"))


@dataclass(frozen=True, slots=True)
class System:
    """One outside system, as a closed package offers it. What it cannot do is None.

    - `open(path, options)`: a file of its own format, or one that `fetch` made, as a source. Options:
      `profile` (a profile's spec), `kind`, `sheet`, `encoding`, `delimiter`. Raises `Invalid` when the
      file cannot be read as what it says it is.
    - `fetch(access, cursor, folder)`: pulls what is new since `cursor` into files in `folder`. Raises
      `Unavailable`, `Rejected` or `Misconfigured`; a call that is repeated goes on where it was cut off.
    - `check(access)`: one small call that proves address and credentials; the version it met.
    - `settle(access, name, number, well)`: what became of a file that `fetch` brought: the number of
      its run, and whether that ended well. Asked again for the same file it changes nothing more.
    - `gather(access, bodies, path)`: bodies that the system sent by itself, written as one file for
      `open`. Raises `Invalid` for what is not of its form.
    - `write(documents)`: outgoing documents in the system's own import format: file name and bytes.
    - `push(access, document)`: hands one document over; `Acknowledged` says how it was taken. Asked
      again with the same key, the far side must not book it twice: the package sees to that.
    - `pushes(settings)`: whether a feed with these settings can be handed documents; others of the
      system, fed by uploads alone, take them as files.
    - `find(access, document)`: asks, changing nothing, what became of a document by its key; None when
      the far side does not have it. Where it is missing, `push` itself asks before it repeats.
    """

    code: str
    label: Any
    open: Callable[[Path, Mapping[str, Any]], Source] | None = None
    fetch: Callable[[Access, Mapping[str, Any], Path], Fetched] | None = None
    check: Callable[[Access], str] | None = None
    settle: Callable[[Access, str, int, bool], None] | None = None
    gather: Callable[[Access, Sequence[bytes], Path], None] | None = None
    write: Callable[[tuple[ExportDocument, ...]], tuple[str, bytes]] | None = None
    push: Callable[[Access, ExportDocument], Acknowledged] | None = None
    pushes: Callable[[Mapping[str, Any]], bool] = has_address
    find: Callable[[Access, ExportDocument], Acknowledged | None] | None = None
    exports: frozenset[ExportKind] = frozenset()
    suffixes: tuple[str, ...] = ()  # file name endings that `open` recognises as its own
