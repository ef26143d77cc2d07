"""What the house knows of an outside system: how its files are opened, fetched from it, written for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inventory.contracts.feeds import Acknowledged, ExportDocument, ExportKind, Source


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

    `complete` is False when the far side broke off: the files are good, the pull goes on from `cursor`.
    """

    files: tuple[Path, ...]
    cursor: Mapping[str, Any]
    complete: bool = True
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class System:
    """One outside system, as a closed package offers it. What it cannot do is None.

    - `open(path, options)`: a file of its own format, or one that `fetch` made, as a source. Options:
      `profile` (a profile's spec), `kind`, `sheet`, `encoding`, `delimiter`. Raises `Invalid` when the
      file cannot be read as what it says it is.
    - `fetch(access, cursor, folder)`: pulls what is new since `cursor` into files in `folder`. Raises
      `Unavailable`, `Rejected` or `Misconfigured`; a call that is repeated goes on where it was cut off.
    - `check(access)`: one small call that proves address and credentials; the version it met.
    - `write(documents)`: outgoing documents in the system's own import format: file name and bytes.
    - `push(access, document)`: hands one document over; `Acknowledged` says how it was taken. Asked
      again with the same key, the far side must not book it twice: the package sees to that.
    """

    code: str
    label: Any
    open: Callable[[Path, Mapping[str, Any]], Source] | None = None
    fetch: Callable[[Access, Mapping[str, Any], Path], Fetched] | None = None
    check: Callable[[Access], str] | None = None
    write: Callable[[tuple[ExportDocument, ...]], tuple[str, bytes]] | None = None
    push: Callable[[Access, ExportDocument], Acknowledged] | None = None
    exports: frozenset[ExportKind] = frozenset()
    suffixes: tuple[str, ...] = ()  # file name endings that `open` recognises as its own
