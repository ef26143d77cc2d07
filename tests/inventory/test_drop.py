"""Files dropped into a folder or a bucket: taken whole, one by one, and set aside with their run's number."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from inventory.contracts.feeds import RecordKind
from inventory.feeds.drop import SYSTEM
from inventory.feeds.drop.places import folder_of, place_of
from inventory.feeds.system import Access, Fetched
from tests.inventory.farsides import s3
from tests.inventory.farsides.s3 import S3
from vyapar.kernel.errors import Invalid, Misconfigured, Rejected, Unavailable

STOCK = b"sku,location,quantity\nS1,G1,5\n"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, settings) -> Path:
    settings.DROP_ROOT = tmp_path / "drops"
    return settings.DROP_ROOT


@pytest.fixture
def bucket() -> Iterator[S3]:
    with S3().serving() as far:
        yield far


class Local:
    """A folder as a test sees it."""

    def __init__(self, root: Path) -> None:
        self.path = root / "t_alpha" / "in"
        self.path.mkdir(parents=True)
        self.access = Access("dropped", "t_alpha", {"folder": "in", "stable_seconds": 0.05, "pattern": "*"})

    def put(self, name: str, body: bytes = STOCK) -> None:
        (self.path / name).write_bytes(body)

    def names(self) -> list[str]:
        return sorted(str(one.relative_to(self.path)) for one in self.path.rglob("*") if one.is_file())


class Remote:
    """A prefix of a bucket as a test sees it."""

    def __init__(self, far: S3) -> None:
        self.far = far
        told = {
            "endpoint": far.url,
            "bucket": s3.BUCKET,
            "prefix": "shop/in",
            "region": s3.REGION,
            "key": s3.KEY,
        }
        self.access = Access("dropped", "t_alpha", told, {"secret": s3.SECRET})

    def put(self, name: str, body: bytes = STOCK) -> None:
        self.far.objects[f"shop/in/{name}"] = body

    def names(self) -> list[str]:
        return sorted(key.removeprefix("shop/in/") for key in self.far.objects if key.startswith("shop/in/"))


@pytest.fixture(params=["folder", "bucket"])
def place(request, root: Path, bucket: S3) -> Local | Remote:
    return Local(root) if request.param == "folder" else Remote(bucket)


@pytest.fixture
def local(root: Path) -> Local:
    return Local(root)


def fetch(place: Local | Remote, folder: Path, **cursor: object) -> Fetched:
    return SYSTEM.fetch(place.access, cursor, folder)


# --- both kinds of places ------------------------------------------------------------------


def test_files_are_taken_one_by_one_in_the_order_of_their_names(
    place: Local | Remote, tmp_path: Path
) -> None:
    for name in ("2-sales.csv", "1-skus.csv", "3 stock & more.csv"):
        place.put(name, name.encode())
    seen, waiting = [], {}
    for number in range(1, 5):
        fetched = fetch(place, tmp_path, waiting=waiting)
        if not fetched.files:
            break
        assert fetched.files[0].read_bytes() == fetched.names[0].encode()
        assert fetched.files[0].suffix == ".csv"
        seen.append((fetched.names[0], fetched.complete))
        waiting[fetched.names[0]] = number
    assert seen == [("1-skus.csv", False), ("2-sales.csv", False), ("3 stock & more.csv", True)]
    assert place.names() == ["taken/1-skus.csv", "taken/2-sales.csv", "taken/3 stock & more.csv"]


def test_what_became_of_a_file_is_seen_where_it_stands(place: Local | Remote, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        place.put(name)
        fetch(place, tmp_path, waiting={"a.csv": 7})
    for _ in range(2):  # told twice
        SYSTEM.settle(place.access, "a.csv", 7, True)
        SYSTEM.settle(place.access, "b.csv", 8, False)
    assert place.names() == ["done/000007-a.csv", "failed/000008-b.csv"]


def test_a_file_of_a_pull_that_came_to_nothing_is_taken_again(place: Local | Remote, tmp_path: Path) -> None:
    place.put("a.csv")
    assert fetch(place, tmp_path).names == ("a.csv",)
    again = fetch(place, tmp_path)  # the worker died before a run was opened
    assert again.names == ("a.csv",)
    assert again.files[0].read_bytes() == STOCK


def test_a_new_file_of_the_same_name_waits_until_the_first_is_set_aside(
    place: Local | Remote, tmp_path: Path
) -> None:
    place.put("a.csv", b"first")
    fetch(place, tmp_path)
    place.put("a.csv", b"second")
    assert fetch(place, tmp_path, waiting={"a.csv": 1}).files == ()
    SYSTEM.settle(place.access, "a.csv", 1, True)
    assert fetch(place, tmp_path).files[0].read_bytes() == b"second"


def test_only_wanted_names_are_taken(place: Local | Remote, tmp_path: Path) -> None:
    for name in ("x.csv.part", ".hidden.csv", "~lock.csv", "notes.txt", "ok.xlsx"):
        place.put(name)
    place.access.settings["pattern"] = "*.csv, *.xlsx"  # type: ignore[index]
    assert SYSTEM.check(place.access) == "1 files wait: ok.xlsx"
    assert fetch(place, tmp_path).names == ("ok.xlsx",)
    assert fetch(place, tmp_path, waiting={"ok.xlsx": 1}).files == ()


def test_a_file_larger_than_an_import_may_be_is_set_aside_and_told(
    place: Local | Remote, tmp_path: Path, settings
) -> None:
    settings.IMPORT_MEGABYTES = 1
    place.put("big.csv", b"x" * (1 << 20) + b"x")
    fetched = fetch(place, tmp_path)
    assert isinstance(fetched.error, Rejected)
    assert "big.csv" in fetched.error.message
    assert place.names() == ["failed/big.csv"]


# --- a folder ------------------------------------------------------------------------------


def test_a_file_that_still_grows_is_left_alone(local: Local, tmp_path: Path) -> None:
    local.access.settings["stable_seconds"] = 0.3  # type: ignore[index]
    local.put("growing.csv", b"sku\n")
    stop = threading.Event()

    def grow() -> None:
        with (local.path / "growing.csv").open("ab") as file:
            while not stop.wait(0.02):
                file.write(b"S1\n")
                file.flush()

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        assert fetch(local, tmp_path).files == ()
    finally:
        stop.set()
        writer.join()
    assert fetch(local, tmp_path).names == ("growing.csv",)


def test_a_link_that_leads_out_is_not_followed(local: Local, tmp_path: Path) -> None:
    secret = tmp_path / "other-distributor.csv"
    secret.write_bytes(b"secret")
    (local.path / "a.csv").symlink_to(secret)
    (local.path / "taken").mkdir(exist_ok=True)
    (local.path / "taken" / "b.csv").symlink_to(secret)
    assert fetch(local, tmp_path).files == ()


@pytest.mark.parametrize("name", ["../t_beta/in", "/etc", "a/../../t_beta", "..", "", ".ssh", "a\x00b"])
def test_a_folder_stays_below_its_distributors_own(name: str) -> None:
    with pytest.raises(Misconfigured):
        folder_of("t_alpha", name)


def test_a_folder_behind_a_link_is_refused(root: Path, local: Local) -> None:
    (root / "t_beta").mkdir()
    (root / "t_alpha" / "door").symlink_to(root / "t_beta")
    with pytest.raises(Misconfigured, match="leads out"):
        folder_of("t_alpha", "door")


def test_two_distributors_never_meet(root: Path, local: Local, tmp_path: Path) -> None:
    local.put("a.csv")
    other = Access("dropped", "t_beta", dict(local.access.settings))
    assert SYSTEM.fetch(other, {}, tmp_path).files == ()
    assert local.names() == ["a.csv"]


# --- a bucket ------------------------------------------------------------------------------


def test_a_wrong_secret_or_bucket_is_ours_to_mend_and_not_told(bucket: S3, tmp_path: Path) -> None:
    remote = Remote(bucket)
    wrong = Access("dropped", "t_alpha", remote.access.settings, {"secret": "wrong-secret-77"})
    with pytest.raises(Misconfigured, match="declines this key") as caught:
        SYSTEM.fetch(wrong, {}, tmp_path)
    assert "wrong-secret-77" not in f"{caught.value.message} {wrong!r}"
    missing = Access(
        "dropped", "t_alpha", {**remote.access.settings, "bucket": "nobody"}, remote.access.secrets
    )
    with pytest.raises(Misconfigured, match="no such bucket"):
        SYSTEM.fetch(missing, {}, tmp_path)


def test_a_bucket_of_amazons_own_needs_no_address() -> None:
    told = {"bucket": "some-drops", "region": "ap-south-1", "key": s3.KEY}
    assert place_of(Access("dropped", "t_alpha", told, {"secret": s3.SECRET})).grows is False


def test_without_keys_this_machines_own_are_not_used(bucket: S3, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3.KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3.SECRET)
    told = {**Remote(bucket).access.settings, "key": ""}
    with pytest.raises(Misconfigured, match="access key"):
        SYSTEM.fetch(Access("dropped", "t_alpha", told), {}, tmp_path)


def test_a_bucket_that_is_slow_to_serve_is_asked_again_and_one_that_is_down_is_unavailable(
    bucket: S3, tmp_path: Path
) -> None:
    remote = Remote(bucket)
    remote.put("a.csv")
    bucket.order(reply=bucket.error(503, "SlowDown"))
    assert fetch(remote, tmp_path).names == ("a.csv",)
    bucket.order(times=30, reply=bucket.error(503, "SlowDown"))
    started = time.monotonic()
    with pytest.raises(Unavailable):
        fetch(remote, tmp_path)
    assert time.monotonic() - started < 20


def test_half_an_object_is_not_taken_for_a_whole_one(bucket: S3, tmp_path: Path) -> None:
    remote = Remote(bucket)
    remote.put("a.csv", b"x" * 100_000)
    bucket.order("half", match="taken/a.csv", after=1, times=9)  # the copy passes, reading breaks off
    with pytest.raises(Unavailable):
        fetch(remote, tmp_path)
    bucket.faults.clear()
    assert len(fetch(remote, tmp_path).files[0].read_bytes()) == 100_000


# --- opening -------------------------------------------------------------------------------


def test_a_dropped_file_is_read_by_the_system_that_knows_its_ending(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.write_bytes(b"SKU,Location,Quantity\nS1,G1,5\n")
    options = {"name": "stock.csv", "kind": "stock", "profile": "generic"}
    kinds = {parcel.kind for parcel in SYSTEM.open(path, options).parcels()}
    assert kinds == {RecordKind.STOCK}


def test_an_ending_that_nobody_reads_is_refused_with_those_that_are(tmp_path: Path) -> None:
    path = tmp_path / "x.exe"
    path.write_bytes(b"MZ")
    with pytest.raises(Invalid, match=r"\.csv"):
        SYSTEM.open(path, {"name": "x.exe"})
    with pytest.raises(Invalid):
        SYSTEM.open(path, {"name": "x.csv", "opens_with": "drop"})
