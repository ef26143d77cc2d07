"""Where files are dropped: a folder of this machine or a bucket; both list, take, and move the same way."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import obstore
from django.conf import settings
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from inventory.feeds.addresses import check_address
from inventory.feeds.system import Access
from vyapar.kernel.errors import Misconfigured, Unavailable, VyaparError
from vyapar.kernel.phrases import phrase as _

TAKEN, DONE, FAILED = "taken", "done", "failed"
_PIECE = 1 << 20
#: Where the library's text holds what the bucket answered; listing has no errors of its own kind.
_STATUS, _CODE = re.compile(r"status code: (\d{3})"), re.compile(r"<Code>(\w{1,60})</Code>")


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it stands now. `version` changes when its content does."""

    name: str
    version: str
    size: int


class Place(Protocol):
    """One level of files and three shelves below it: `taken`, `done`, `failed`."""

    #: Whether a file may still be growing when it is first seen.
    grows: bool

    def look(self, shelf: str = "") -> list[Found]:
        """Files by name: those dropped, or those on a shelf."""

    def copy(self, shelf: str, name: str, target: Path) -> None:
        """The content of a file on a shelf, on this machine."""

    def move(self, shelf: str, name: str, to_shelf: str, to_name: str) -> None:
        """From one shelf to another; nothing happens when the file is gone already."""


class Folder:
    """A folder of this machine. Links are not followed: they may lead out of it."""

    grows = True

    def __init__(self, root: Path) -> None:
        self._root = root
        try:
            for shelf in ("", TAKEN, DONE, FAILED):
                (root / shelf).mkdir(mode=0o770, parents=True, exist_ok=True)
        except OSError as error:
            raise Misconfigured(
                _("the drop folder cannot be used: %(strerror)s", strerror=error.strerror or ""),
                code="drop_folder",
            ) from error

    def look(self, shelf: str = "") -> list[Found]:
        found = []
        with _opened(self._root / shelf) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    facts = entry.stat(follow_symlinks=False)
                    found.append(Found(entry.name, f"{facts.st_mtime_ns}:{facts.st_size}", facts.st_size))
        return sorted(found, key=lambda one: one.name)

    def copy(self, shelf: str, name: str, target: Path) -> None:
        try:
            handle = os.open(self._root / shelf / name, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError as error:
            raise Misconfigured(
                _("%(name)s cannot be read: %(strerror)s", name=name, strerror=error.strerror or ""),
                code="drop_folder",
            ) from error
        with os.fdopen(handle, "rb") as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy, _PIECE)

    def move(self, shelf: str, name: str, to_shelf: str, to_name: str) -> None:
        try:
            (self._root / shelf / name).rename(self._root / to_shelf / to_name)
        except FileNotFoundError:
            return
        except OSError as error:
            raise Misconfigured(
                _("%(name)s cannot be moved: %(strerror)s", name=name, strerror=error.strerror or ""),
                code="drop_folder",
            ) from error


@contextmanager
def _opened(path: Path) -> Iterator[Iterator[os.DirEntry[str]]]:
    try:
        with os.scandir(path) as entries:
            yield entries
    except OSError as error:
        raise Misconfigured(
            _("the drop folder cannot be read: %(strerror)s", strerror=error.strerror or ""),
            code="drop_folder",
        ) from error


class Bucket:
    """A prefix of an S3-compatible bucket. An object appears whole, so it never grows."""

    grows = False

    def __init__(self, store: Any) -> None:
        self._store = store

    def look(self, shelf: str = "") -> list[Found]:
        with _errors():
            listed = obstore.list_with_delimiter(self._store, f"{shelf}/" if shelf else None)["objects"]
        found = [
            Found(PurePosixPath(one["path"]).name, str(one["e_tag"] or one["last_modified"]), one["size"])
            for one in listed
        ]
        return sorted(found, key=lambda one: one.name)

    def copy(self, shelf: str, name: str, target: Path) -> None:
        with _errors(), target.open("wb") as file:
            for piece in obstore.get(self._store, _path(shelf, name)).stream(min_chunk_size=_PIECE):
                file.write(piece)

    def move(self, shelf: str, name: str, to_shelf: str, to_name: str) -> None:
        source, target = _path(shelf, name), _path(to_shelf, to_name)
        with _errors():
            try:
                obstore.copy(self._store, source, target)
            except FileNotFoundError:
                return
            obstore.delete(self._store, source)


@contextmanager
def _errors() -> Iterator[None]:
    """What the store's library raises, in our families; its texts hold addresses and are left out."""
    try:
        yield
    except (BaseError, OSError) as error:
        raise _failure(error) from error


def _failure(error: Exception) -> VyaparError:
    said = str(error)
    found, told = _STATUS.search(said), _CODE.search(said)
    status, code = found.group(1) if found else "", told.group(1) if told else ""
    if isinstance(error, PermissionDeniedError | UnauthenticatedError) or status in ("401", "403"):
        why = f" ({code})" if code else ""
        return Misconfigured(
            _("the bucket declines this key%(why)s: check it and its rights", why=why), code="bucket_denied"
        )
    if isinstance(error, FileNotFoundError) or status == "404":
        return Misconfigured(_("there is no such bucket, or the file is gone"), code="bucket_missing")
    return Unavailable(_("the bucket cannot be used now"), code="bucket_unavailable")


def place_of(access: Access) -> Place:
    """Where a feed's files are dropped.

    Settings: `folder` (a name below the distributor's own), or `endpoint`, `bucket`, `prefix`,
    `region`, `key`; secret: `secret`.
    """
    known = access.settings
    if not known.get("bucket"):
        return Folder(folder_of(access.tenant, str(known.get("folder") or access.code)))
    key, secret = str(known.get("key") or ""), access.secrets.get("secret", "")
    if not (key and secret):  # without them the library would look for this machine's own credentials
        raise Misconfigured(_("a bucket needs an access key and its secret"), code="bucket_setup")
    endpoint = str(known.get("endpoint") or "")
    if endpoint:
        check_address(access, endpoint)
    config: Any = {
        "access_key_id": key,
        "secret_access_key": secret,
        "region": str(known.get("region") or "us-east-1"),
        "virtual_hosted_style_request": not endpoint,
        **({"endpoint": endpoint} if endpoint else {}),
    }
    store = S3Store(
        str(known["bucket"]),
        prefix=str(known.get("prefix") or "").strip("/") or None,
        config=config,
        client_options={
            "allow_http": endpoint.startswith("http://"),
            "connect_timeout": "3s",
            "timeout": "120s",
        },
        retry_config={
            "max_retries": 2,
            "retry_timeout": timedelta(seconds=20),
            "backoff": {
                "base": 2,
                "init_backoff": timedelta(seconds=0.2),
                "max_backoff": timedelta(seconds=3),
            },
        },
    )
    return Bucket(store)


def folder_of(tenant: str, name: str) -> Path:
    """The folder of a distributor's feed, below the distributor's own; `Misconfigured` when it leads out."""
    parts = PurePosixPath(name).parts
    if not parts or any(part in ("/", "..") or part.startswith(".") or "\x00" in part for part in parts):
        raise Misconfigured(_("write the drop folder as a plain name, such as erp/daily"), code="drop_folder")
    root = Path(settings.DROP_ROOT) / tenant
    path = root.joinpath(*parts)
    if not path.resolve().is_relative_to(root.resolve()):
        raise Misconfigured(_("the drop folder leads out of the distributor's own"), code="drop_folder")
    return path


def _path(shelf: str, name: str) -> str:
    return f"{shelf}/{name}" if shelf else name
