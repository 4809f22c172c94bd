"""What a store does when its disk refuses: it keeps what it was given, and writes it later."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from pathlib import Path

import pytest

from engine.events import Logged, StudyState
from engine.store import DiskError, Store, StoreError, companions
from engine.trial import Report, Trial, TrialState, in_order_of_ending
from tests.engine.simulation import make_spec

LONG = "x" * 5_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study.tune"


@pytest.fixture
def store(path: Path):
    store = Store.create(path, make_spec())
    store.acquire()
    store.put_trial(complete(0))
    store.commit()
    yield store
    store.close()


def holder_of(path: Path) -> str:
    reader = Store.open(path)
    reader.rest()
    return reader.holder()


def complete(number: int) -> Trial:
    return Trial(number, {"lr": 0.1, "batch_size": 64}, TrialState.COMPLETE, value=0.5)


def fill_the_disk(store: Store) -> None:
    """No page more: SQLite refuses as it does when the disk is full."""
    (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count = {pages}")


def make_room(store: Store) -> None:
    store._connection.execute("PRAGMA max_page_count = 1000000")


def on_disk(path: Path) -> tuple[list[int], list[int], int]:
    """Numbers of the trials, of the finished ones in their order, and lines of the log."""
    reader = Store.open(path)
    trials, lines = reader.trials(), len(reader.log())
    found = [t.number for t in trials], [t.number for t in in_order_of_ending(trials)], lines
    reader.rest()
    return found


def test_that_what_a_full_disk_refuses_is_written_whole_once_there_is_room(
    store: Store, path: Path
) -> None:
    fill_the_disk(store)
    for number in (3, 1, 2):
        store.put_trial(complete(number))
        store.put_log(Logged(1.0, "info", LONG, number))
        store.put_reports(number, [Report(1, 0.5, {"loss": 0.5})])
        with pytest.raises(DiskError, match=r"The disk is full, so study\.tune cannot be written"):
            store.commit()
    assert store.unsaved == 3
    assert on_disk(path) == ([0], [0], 0)
    make_room(store)
    assert not store.find_again()
    store.commit()
    assert store.unsaved == 0
    assert on_disk(path) == ([0, 1, 2, 3], [0, 3, 1, 2], 3)


def test_that_writing_again_what_was_written_after_all_changes_nothing(
    store: Store, path: Path
) -> None:
    store.put_trial(complete(2))
    store.put_trial(complete(1))
    store.put_log(Logged(1.0, "info", "once"))
    written = list(store._pending)
    store.commit()
    before = on_disk(path)
    store._pending = written  # as when the disk says no after it has written
    store.commit()
    assert on_disk(path) == before == ([0, 1, 2], [0, 2, 1], 1)


def test_that_the_last_try_is_made_when_the_study_is_closed(store: Store, path: Path) -> None:
    fill_the_disk(store)
    store.put_trial(complete(1))
    store.put_log(Logged(1.0, "info", LONG))
    with pytest.raises(DiskError):
        store.commit()
    make_room(store)
    store.close()
    assert on_disk(path) == ([0, 1], [0, 1], 1)
    assert [p.name for p in path.parent.glob("study.tune*") if p.is_file()] == ["study.tune"]


def test_that_a_store_that_is_closed_in_trouble_says_so_and_lets_go(
    store: Store, path: Path
) -> None:
    fill_the_disk(store)
    store.put_log(Logged(1.0, "info", LONG))
    with pytest.raises(DiskError, match="The disk is full"):
        store.close()
    assert on_disk(path) == ([0], [0], 0)
    other = Store.open(path)
    other.acquire()
    other.close()


def test_that_a_database_that_is_locked_is_written_once_it_is_free(
    store: Store, path: Path
) -> None:
    store._connection.execute("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    store.put_trial(complete(1))
    with pytest.raises(DiskError, match=r"study\.tune is locked by another program"):
        store.commit()
    other.rollback()
    other.close()
    store.commit()
    assert on_disk(path) == ([0, 1], [0, 1], 0)


def test_that_a_file_that_became_read_only_is_written_once_it_can_be(
    store: Store, path: Path
) -> None:
    store._connection.execute("PRAGMA query_only = ON")
    store.put_trial(complete(1))
    with pytest.raises(DiskError, match=r"study\.tune is read-only\. Make it writable\."):
        store.commit()
    store.find_again()  # by a new connection: the old one may be good for nothing
    store.commit()
    assert on_disk(path) == ([0, 1], [0, 1], 0)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file's size")
def test_that_a_disk_that_fails_in_mid_write_is_written_once_it_works(
    store: Store, path: Path
) -> None:
    import resource

    store.put_trial(complete(1))
    store.put_log(Logged(1.0, "info", LONG * 10))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(DiskError, match=r"study\.tune cannot be written \(disk i/o error\)"):
            store.commit()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert on_disk(path) == ([0], [0], 0)
    store.find_again()
    store.commit()
    assert on_disk(path) == ([0, 1], [0, 1], 1)
    assert store._connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows moves no file that is open")


@posix
def test_that_a_file_that_was_moved_is_gone_on_with_when_it_is_put_back(
    store: Store, path: Path
) -> None:
    path.rename(path.with_name("away.tune"))
    store.put_trial(complete(1))
    with pytest.raises(DiskError, match=r"study\.tune was moved or deleted\. Put it back"):
        store.commit()
    with pytest.raises(DiskError, match="was moved or deleted"):
        store.find_again()
    path.with_name("away.tune").rename(path)
    assert not store.find_again()
    store.commit()
    assert on_disk(path) == ([0, 1], [0, 1], 0)


@posix
@pytest.mark.parametrize("folder_too", [False, True])
def test_that_a_file_that_was_deleted_is_made_anew_when_that_is_asked(
    store: Store, path: Path, folder_too: bool
) -> None:
    path.unlink()
    if folder_too:
        shutil.rmtree(companions(path))
    store.put_trial(complete(1))
    with pytest.raises(DiskError, match="was moved or deleted"):
        store.commit()
    assert not path.exists()
    assert not store.find_again(anew=True)
    store.commit()
    assert on_disk(path) == ([0, 1], [0, 1], 0)
    assert holder_of(path) != ""
    store.close()
    assert on_disk(path) == ([0, 1], [0, 1], 0)
    assert [p.name for p in path.parent.glob("*study.tune*") if p.is_file()] == ["study.tune"]


@posix
def test_that_a_copy_that_was_put_back_is_gone_on_with(store: Store, path: Path) -> None:
    shutil.copy(path, path.with_name("copy.tune"))
    path.unlink()
    path.with_name("copy.tune").rename(path)
    store.put_trial(complete(1))
    with pytest.raises(DiskError, match="was moved or deleted"):
        store.commit()
    assert store.find_again()  # so that everything is written again
    store.put_trial(complete(0))
    store.put_trial(complete(1))
    store.commit()
    store.put_condition(StudyState.RUNNING, None, "", 1.0)
    store.commit()
    store.close()
    assert on_disk(path) == ([0, 1], [0, 1], 0)


@posix
def test_that_another_study_in_its_place_is_not_touched(store: Store, path: Path) -> None:
    path.rename(path.with_name("away.tune"))
    Store.create(path, make_spec()).rest()
    before = path.read_bytes()
    store.put_trial(complete(1))
    for _ in range(2):
        with pytest.raises(DiskError, match=r"study\.tune was replaced by another file"):
            store.find_again(anew=True)
    assert path.read_bytes() == before
    path.with_name("away.tune").rename(path)
    assert not store.find_again()
    store.commit()
    assert on_disk(path) == ([0, 1], [0, 1], 0)


def test_that_a_study_that_cannot_be_acquired_is_not_held(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.close()

    def refuse(_: Path) -> sqlite3.Connection:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr("engine.store.connect_to_write", refuse)
    with pytest.raises(StoreError, match=r"study\.tune cannot be written: disk i/o error"):
        store.acquire()
    assert holder_of(path) == ""
