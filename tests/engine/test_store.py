"""A study's file: complete or not there, read by many, written by one, never half-done."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from engine import store_format
from engine.events import Logged, StopReason, StudyState
from engine.store import DiskError, LockedError, Store, StoreError, companions
from engine.trial import Failure, FailureReason, Report, Trial, TrialState, in_order_of_ending
from tests.engine.simulation import make_spec

FULL = Trial(
    number=3,
    params={"lr": 0.1 + 0.2, "batch_size": 64, "optimizer": "adam", "nesterov": True},
    state=TrialState.COMPLETE,
    seed=2**32 - 1,
    value=1 / 3,
    step=7,
    metrics={"val_cross_entropy": 1 / 3, "val_accuracy": float("inf")},
    test={"test_accuracy": 0.9},
    seconds=1.25,
    started=1.5e9,
    finished=1.6e9,
    worker=1,
    device="cuda:0",
)
FAILED = Trial(
    4,
    {"lr": 1.0},
    TrialState.FAILED,
    failure=Failure(FailureReason.CRASHED, "It died.", "last\nwords"),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study.tune"


@pytest.fixture
def store(path: Path):
    store = Store.create(path, make_spec())
    store.acquire()
    yield store
    store.close()


def test_that_whatever_is_written_is_read_back_exactly(store: Store, path: Path) -> None:
    reports = [Report(step, step / 3, {"val_cross_entropy": 1 / step}) for step in (1, 2, 3)]
    line = Logged(12.5, "warning", "Läuft — 学習", 3)
    written = tuple(store.put_trial(trial) for trial in (FULL, FAILED))
    assert written == (replace(FULL, ended=1), replace(FAILED, ended=2))
    store.put_reports(3, reports)
    store.put_log(line)
    store.put_condition(StudyState.FINISHED, StopReason.TRIALS, "All done.", 61.25)
    store.close()
    again = Store.open(path)
    assert again.trials() == written
    assert again.reports() == {3: tuple(reports)}
    assert again.log() == (line,)
    assert again.condition() == (StudyState.FINISHED, StopReason.TRIALS, "All done.", 61.25)
    assert again.spec() == make_spec()
    again.close()


def test_that_the_order_of_finishing_outlives_later_changes(store: Store) -> None:
    for number in (2, 0, 1):
        store.put_trial(Trial(number, {}, TrialState.COMPLETE, value=1.0))
    assert store.put_trial(Trial(5, {}, TrialState.RUNNING)).ended is None
    store.put_trial(Trial(2, {}, TrialState.COMPLETE, value=1.0, test={"test_accuracy": 1.0}))
    store.commit()
    assert [trial.number for trial in in_order_of_ending(store.trials())] == [2, 0, 1]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows deletes no file that is open")
def test_that_nothing_is_called_durable_in_a_file_that_was_deleted(store: Store) -> None:
    store.path.unlink()
    store.put_trial(FULL)
    with pytest.raises(DiskError, match="was moved or deleted"):
        store.commit()
    assert store.unsaved == 1


def test_that_a_new_study_never_overwrites_a_file(path: Path) -> None:
    path.write_text("precious")
    with pytest.raises(StoreError, match=r"study\.tune already exists"):
        Store.create(path, make_spec())
    assert path.read_text() == "precious"


def test_that_a_study_that_cannot_be_created_leaves_nothing(tmp_path: Path, monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(store_format, "migrate", refuse)
    with pytest.raises(StoreError, match="disk is full"):
        Store.create(tmp_path / "new.tune", make_spec())
    assert list(tmp_path.glob("*.tune")) == []
    assert list(tmp_path.glob(".*")) == []


def test_that_a_new_study_is_on_disk_once_before_it_has_its_name(path: Path, monkeypatch) -> None:
    synced = []

    def sync(descriptor: int) -> None:
        synced.append((os.fstat(descriptor).st_size, path.exists()))

    monkeypatch.setattr(store_format.os, "fsync", sync)
    Store.create(path, make_spec()).close()
    assert synced == [(path.stat().st_size, False)]


def test_that_opening_changes_nothing(store: Store, path: Path) -> None:
    store.close()
    before = path.read_bytes(), sorted(path.parent.rglob("*"))
    reader = Store.open(path)
    reader.trials()
    reader.condition()
    reader.close()
    assert (path.read_bytes(), sorted(path.parent.rglob("*"))) == before


def test_that_one_file_is_left_when_a_study_is_closed(store: Store, path: Path) -> None:
    store.put_trial(FULL)
    store.close()
    assert [p.name for p in path.parent.glob("study.tune*") if p.is_file()] == ["study.tune"]
    assert not (companions(path) / "holder").exists()


def test_that_a_second_opener_reads_along_and_is_told_who_writes(store: Store, path: Path) -> None:
    store.put_trial(FULL)
    store.commit()
    second = Store.open(path)
    assert "process" in second.holder()
    assert second.trials() == (replace(FULL, ended=1),)
    with pytest.raises(LockedError, match=r"study\.tune is being run by .*process"):
        second.acquire()
    store.close()
    second.acquire()
    second.close()


def test_that_a_crash_in_mid_write_loses_only_what_was_not_committed(path: Path) -> None:
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from engine.store import Store\n"
        "from engine.trial import Trial, TrialState\n"
        "from tests.engine.simulation import make_spec\n"
        "store = Store.create(Path(sys.argv[1]), make_spec())\n"
        "store.acquire()\n"
        "for number in range(50):\n"
        "    store.put_trial(Trial(number, {'lr': 0.1}, TrialState.COMPLETE, value=0.5))\n"
        "    if number == 39: store.commit()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", script, str(path)], cwd=root, check=False)
    survivor = Store.open(path)
    assert len(survivor.trials()) == 40
    survivor.acquire()
    assert survivor._connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    survivor.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_that_what_was_left_half_done_on_a_network_share_is_undone(path: Path) -> None:
    store = Store.create(path, make_spec())
    store.acquire()
    store.put_trial(FULL)
    store.close()
    script = (
        "import os, sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1])\n"
        "connection.execute('PRAGMA journal_mode = TRUNCATE')\n"
        "connection.execute('PRAGMA cache_size = 1')\n"
        "connection.execute('DELETE FROM trials')\n"
        "line = (1.0, 'info', 'x' * 4000)\n"
        "for _ in range(100):\n"
        "    connection.execute('INSERT INTO log (time, level, text) VALUES (?, ?, ?)', line)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert path.with_name("study.tune-journal").stat().st_size > 0
    survivor = Store.open(path)
    assert survivor.trials() == (replace(FULL, ended=1),)
    assert survivor.log() == ()
    survivor.acquire()
    survivor.close()
    assert [p.name for p in path.parent.glob("study.tune*") if p.is_file()] == ["study.tune"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not a Tunescape study"),
        (b"hello, world" * 1000, "is not a Tunescape study"),
        (b"SQLite format 3\0" + b"\0" * 5000, "is not a Tunescape study"),
    ],
)
def test_that_a_file_that_is_no_study_is_refused_untouched(
    path: Path, content: bytes, sentence: str
) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError, match=sentence):
        Store.open(path)
    assert path.read_bytes() == content


def test_that_a_truncated_study_is_refused_in_a_sentence(store: Store, path: Path) -> None:
    for number in range(2000):
        store.put_trial(Trial(number, {"lr": 0.1}, TrialState.COMPLETE, value=0.5))
    store.close()
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(StoreError, match="damaged"):
        Store.open(path)


def test_that_another_programs_database_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE study (key, value)")
    connection.close()
    with pytest.raises(StoreError, match="not a Tunescape study"):
        Store.open(path)


def test_that_a_study_of_a_newer_version_is_refused_with_the_mend(store: Store, path: Path) -> None:
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match=r"newer Tunescape .* update Tunescape"):
        Store.open(path)


def test_that_an_older_study_migrates_after_a_backup(store: Store, path: Path, monkeypatch) -> None:
    store.put_trial(FULL)
    store.close()
    old = len(store_format.MIGRATIONS)
    newer = (*store_format.MIGRATIONS, "ALTER TABLE trials ADD COLUMN mood TEXT;")
    monkeypatch.setattr(store_format, "MIGRATIONS", newer)
    before = path.read_bytes()
    again = Store.open(path)
    assert again.trials() == (replace(FULL, ended=1),)
    assert path.read_bytes() == before
    again.acquire()
    assert store_format.pragma(again._connection, "user_version") == old + 1
    assert again.trials() == (replace(FULL, ended=1),)
    again.close()
    backup = sqlite3.connect(path.with_name(f"study.tune.format-{old}"))
    assert backup.execute("PRAGMA user_version").fetchone() == (old,)
    assert backup.execute("SELECT count(*) FROM trials").fetchone() == (1,)
    backup.close()


def test_that_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"absent\.tune is not there"):
        Store.open(tmp_path / "absent.tune")


def test_that_a_study_that_is_moved_with_its_files_finds_them(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    (old / "code").mkdir(parents=True)
    spec = make_spec()
    Store.create(old / "study.tune", spec.with_(base=old / "code")).close()
    old.rename(new)
    assert Store.open(new / "study.tune").spec().base == new / "code"


def test_that_a_study_that_is_moved_alone_knows_where_its_files_are(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "elsewhere" / "deep").mkdir(parents=True)
    Store.create(tmp_path / "study.tune", make_spec().with_(base=tmp_path / "code")).close()
    (tmp_path / "study.tune").rename(tmp_path / "elsewhere" / "deep" / "study.tune")
    opened = Store.open(tmp_path / "elsewhere" / "deep" / "study.tune")
    assert opened.spec().base == tmp_path / "code"


def test_that_a_note_of_a_trial_is_kept(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "study.tune", make_spec())
    store.acquire()
    trial = replace(FULL, state=TrialState.PRUNED, note="after 3 of 9 epochs it is behind")
    store.put_trial(trial)
    store.commit()
    store.close()
    (kept,) = Store.open(tmp_path / "study.tune").trials()
    assert kept.note == "after 3 of 9 epochs it is behind"
