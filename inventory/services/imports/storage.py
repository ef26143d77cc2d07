"""Files of imports in the distributor's own storage: streamed in, sealed, read back by path."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from uuid import uuid4

from django.conf import settings
from django.core.files.storage import default_storage

from vyapar.kernel.errors import Fault, Invalid, NotFound
from vyapar.kernel.phrases import phrase as _

#: Bytes handed on at a time while a file is streamed.
PIECE = 1 << 20
FOLDER = "imports"


class TooLarge(Invalid):
    """More than one file may hold."""

    status = 413


@dataclass(frozen=True, slots=True)
class Kept:
    """A file in storage: its name there, SHA-256 in hex, and bytes."""

    name: str
    digest: str
    size: int


def keep_file(content: IO[bytes] | Path, title: str) -> Kept:
    """Stream `content` into storage and seal it. Raises `TooLarge` or `Invalid` and leaves nothing."""
    name = f"{FOLDER}/{uuid4().hex}{_suffix(title)}"
    path = Path(default_storage.path(name))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        if isinstance(content, Path):
            with content.open("rb") as opened:
                digest, size = _stream(opened, path)
        else:
            digest, size = _stream(content, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Kept(name, digest, size)


def drop_file(name: str) -> None:
    """Remove a file; nothing happens when it is gone already."""
    if name:
        default_storage.delete(name)


@contextmanager
def local_file(name: str) -> Iterator[Path]:
    """The file as a path on this machine; a storage elsewhere is copied for as long as the block lasts."""
    if not name or not default_storage.exists(name):
        raise NotFound(_("the file of this import is no longer kept"), code="no_file")
    try:
        path = Path(default_storage.path(name))
    except NotImplementedError:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / Path(name).name
            with default_storage.open(name, "rb") as far, path.open("wb") as near:
                shutil.copyfileobj(far, near, PIECE)
            yield path
        return
    yield path


def _stream(source: IO[bytes], path: Path) -> tuple[str, int]:
    most, size, seal = settings.IMPORT_MEGABYTES << 20, 0, hashlib.sha256()
    path.touch(mode=0o600)
    with path.open("wb") as target:
        while piece := source.read(PIECE):
            size += len(piece)
            if size > most:
                message = _(
                    "send at most %(most)s MiB in a file; split it by month",
                    most=settings.IMPORT_MEGABYTES,
                )
                raise TooLarge(message, code="too_large", faults=[Fault("too_large", message, "file")])
            seal.update(piece)
            target.write(piece)
    if not size:
        message = _("the file is empty: export it again and look into it before you send it")
        raise Invalid(message, code="empty_file", faults=[Fault("empty_file", message, "file")])
    return seal.hexdigest(), size


def _suffix(title: str) -> str:
    """The ending by which readers know a file: letters and digits only, `.csv.gz` kept whole."""
    endings = [ending for ending in Path(title).suffixes[-2:] if ending[1:].isalnum() and len(ending) <= 9]
    return "".join(endings).lower()
