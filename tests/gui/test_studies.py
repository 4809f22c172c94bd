"""Several studies in one window: whose turn it is, what is asked, and how the window closes."""

import pytest
from PySide6.QtWidgets import QInputDialog, QMessageBox

from engine.events import StopReason, StudyState, StudyStateChanged
from gui.main_window import DESIGN, RUN
from gui.widgets.dialogs import WaitDialog
from tests.gui.made_up import spec_of
from tests.gui.stand_in import StandInDevices
from tests.gui.windows import program_in


@pytest.fixture
def devices():
    return StandInDevices()


@pytest.fixture
def program(qtbot, tmp_path, devices):
    with program_in(tmp_path, devices.door()) as program:
        yield program


def run_one(qtbot, program):
    """Press Run on the Design page, and wait until the study is shown."""
    program.window.go_to(DESIGN)
    before = len(program.studies.all)
    program.designing.page().footer.run.click()
    qtbot.waitUntil(lambda: len(program.studies.all) == before + 1)
    entry = program.studies.current
    qtbot.waitUntil(lambda: entry.is_active)
    return entry


def in_state(entry, state):
    return lambda: entry.model.state == state


def question_of(program):
    return program.window.findChild(QMessageBox)


def answer(program, text):
    box = question_of(program)
    next(b for b in box.buttons() if b.text() == text).click()


def test_that_run_makes_a_study_starts_it_and_shows_it(qtbot, program, tmp_path):
    entry = run_one(qtbot, program)
    qtbot.waitUntil(in_state(entry, StudyState.RUNNING))
    assert program.window.place == RUN
    assert entry.path == tmp_path / "my-study.tune"
    assert program.window.windowTitle() == "my-study – Tunescape"
    assert program.recent.study(0).name == "my-study"
    qtbot.wait(400)
    assert program.window.notice.text == ""


def test_that_a_second_press_makes_no_second_study(qtbot, program):
    program.window.go_to(DESIGN)
    program.designing.page().footer.run.click()
    program.designing.run()
    qtbot.waitUntil(lambda: program.studies.current is not None)
    qtbot.wait(100)
    assert len(program.studies.all) == 1


def test_that_a_study_that_has_ended_goes_on_with_more_trials(qtbot, program):
    entry = run_one(qtbot, program)
    commands = program.window.commands
    assert not commands.extend.isEnabled()
    entry.study.finish()
    qtbot.waitUntil(in_state(entry, StudyState.FINISHED))
    planned = entry.model.progress()[1]
    program.window.go_to(DESIGN)
    commands.extend.trigger()
    dialog = program.window.findChild(QInputDialog)
    assert dialog.intMinimum() == 1
    dialog.setIntValue(7)
    dialog.accept()
    qtbot.waitUntil(in_state(entry, StudyState.RUNNING))
    assert entry.study.commands[-2:] == ["extend 7", "start"]
    assert entry.model.progress()[1] == 7 != planned
    assert program.window.place == RUN


def test_that_a_second_study_waits_and_starts_when_the_first_has_ended(qtbot, program):
    first = run_one(qtbot, program)
    second = run_one(qtbot, program)
    assert second.path.name == "my-study-2.tune"
    qtbot.waitUntil(lambda: "Should my-study-2 wait, or share" in program.window.notice.text)
    assert second.model.state == StudyState.WAITING
    first.study.finish()
    qtbot.waitUntil(in_state(second, StudyState.RUNNING))
    qtbot.waitUntil(lambda: "my-study has finished" in program.window.notice.text)


def test_that_a_second_study_shares_the_devices_by_choice(qtbot, program):
    run_one(qtbot, program)
    second = run_one(qtbot, program)
    qtbot.waitUntil(lambda: len(program.window.notice.answer_buttons()) == 2)
    program.window.notice.answer_buttons()[1].click()
    qtbot.waitUntil(in_state(second, StudyState.RUNNING))
    assert program.window.notice.text == ""


def test_that_a_study_that_waits_can_still_share_the_devices_later(qtbot, program):
    run_one(qtbot, program)
    second = run_one(qtbot, program)
    qtbot.waitUntil(lambda: len(program.window.notice.answer_buttons()) == 2)
    program.window.notice.answer_buttons()[0].click()
    assert second.model.state == StudyState.WAITING
    share = program.window.page(RUN).header.share
    qtbot.waitUntil(share.isVisible)
    share.click()
    qtbot.waitUntil(in_state(second, StudyState.RUNNING))


def test_that_the_choice_can_be_made_once_for_all(qtbot, program):
    share = program.window.commands.when_taken.actions()[2]
    share.trigger()
    run_one(qtbot, program)
    second = run_one(qtbot, program)
    assert second.study.commands[0] == "start shared"


def test_that_open_studies_are_chosen_in_the_strip(qtbot, program):
    first = run_one(qtbot, program)
    run_one(qtbot, program)
    program.window.strip.studyChosen.emit(0)
    assert program.studies.current is first
    assert program.window.strip._chooser.text().startswith("my-study · Random search")
    assert program.window.windowTitle().startswith("my-study –")


def test_that_the_strip_pauses_resumes_and_stops(qtbot, program):
    entry = run_one(qtbot, program)
    strip = program.window.strip
    qtbot.waitUntil(strip._pause.isEnabled)
    strip._pause.click()
    qtbot.waitUntil(in_state(entry, StudyState.PAUSED))
    assert strip._pause.accessibleName() == "Resume"
    program.window.commands.pause.trigger()
    qtbot.waitUntil(in_state(entry, StudyState.RUNNING))
    strip._stop.click()
    qtbot.waitUntil(in_state(entry, StudyState.STOPPED))
    assert not strip._stop.isEnabled()


def test_that_a_running_study_is_not_closed_without_a_question(qtbot, program):
    entry = run_one(qtbot, program)
    program.window.strip.closeRequested.emit()
    assert "Stop and close it?" in question_of(program).text()
    answer(program, "Stop and close")
    qtbot.waitUntil(lambda: program.studies.all == ())
    assert entry.study.commands[-2:] == ["close", "unsubscribe"]
    assert program.window.strip._hint.isVisible()


def test_that_run_goes_on_with_a_stopped_study(qtbot, program):
    entry = run_one(qtbot, program)
    entry.study.stop()
    qtbot.waitUntil(in_state(entry, StudyState.STOPPED))
    program.window.commands.run.trigger()
    qtbot.waitUntil(in_state(entry, StudyState.RUNNING))
    assert len(program.studies.all) == 1


def test_that_a_study_that_cannot_be_opened_says_why(qtbot, program, tmp_path):
    program.open(tmp_path / "gone.tune")
    qtbot.waitUntil(lambda: "is not there" in program.window.notice.text)
    assert program.studies.current is None


def test_that_a_study_opened_twice_is_there_once(qtbot, program, tmp_path):
    (tmp_path / "old.tune").touch()
    program.open(tmp_path / "old.tune")
    qtbot.waitUntil(lambda: program.studies.current is not None)
    program.open(tmp_path / "old.tune")
    qtbot.wait(50)
    assert len(program.studies.all) == 1


def test_that_a_variation_is_designed_from_a_study(qtbot, program, tmp_path):
    (tmp_path / "old.tune").touch()
    program.open(tmp_path / "old.tune")
    qtbot.waitUntil(lambda: program.studies.current is not None)
    program.window.commands.copy_design.trigger()
    assert program.window.place == DESIGN
    assert program.designing.draft.verdict.spec == spec_of()


def test_that_the_computer_is_kept_awake_only_while_a_study_computes(qtbot, program):
    held = []
    program.watching._awake.hold = held.append
    entry = run_one(qtbot, program)
    qtbot.waitUntil(lambda: held[-1:] == [True])
    entry.study.finish()
    qtbot.waitUntil(lambda: held[-1:] == [False])


def test_that_closing_without_a_study_closes(program):
    program.window.close()
    assert not program.window.isVisible()


def test_that_closing_during_a_run_asks_and_can_be_thought_better_of(qtbot, program):
    entry = run_one(qtbot, program)
    program.window.close()
    assert program.window.isVisible()
    assert "my-study is not finished" in question_of(program).text()
    answer(program, "Keep running")
    qtbot.waitUntil(lambda: question_of(program) is None)
    assert entry.is_active
    program.window.close()
    assert question_of(program) is not None
    answer(program, "Keep running")


def test_that_closing_says_what_is_not_yet_saved(qtbot, program):
    entry = run_one(qtbot, program)
    full = "The disk is full, so my-study.tune cannot be written: 1 trial is not yet saved."
    entry.model.apply([StudyStateChanged(StudyState.PAUSED, StopReason.ERROR, full)])
    program.window.close()
    assert question_of(program).informativeText() == full
    answer(program, "Keep running")


def test_that_closing_during_a_run_stops_cleanly(qtbot, program, devices):
    run_one(qtbot, program)
    program.window.close()
    answer(program, "Stop and close")
    qtbot.waitUntil(lambda: not program.window.isVisible())
    assert "close" in devices.studies[0].commands
    assert program.studies.all == ()


def test_that_closing_never_hangs(qtbot, program, devices, monkeypatch):
    monkeypatch.setattr("gui.widgets.dialogs._FORCE_AFTER_MS", 100)
    entry = run_one(qtbot, program)
    entry.study.may_end.clear()
    program.window.close()
    answer(program, "Stop and close")
    qtbot.waitUntil(lambda: program.window.findChild(WaitDialog) is not None)
    wait = program.window.findChild(WaitDialog)
    assert not wait.end.isVisible()
    qtbot.waitUntil(wait.end.isVisible)
    wait.end.click()
    qtbot.waitUntil(lambda: not program.window.isVisible())
    entry.study.may_end.set()


def test_that_a_study_is_closed_once_however_often_that_is_asked(qtbot, program, devices):
    entry = run_one(qtbot, program)
    entry.study.may_end.clear()
    told = []
    program.studies.close(entry, lambda: told.append("first"))
    program.studies.close(entry, lambda: told.append("second"))
    entry.study.may_end.set()
    qtbot.waitUntil(lambda: told == ["first", "second"])
    assert devices.studies[0].commands.count("close") == 1
    assert program.studies.all == ()
