"""The frame: places, shortcuts, dropped files, unsaved work, and what the next start brings."""

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QMessageBox, QTextBrowser, QToolButton

from gui import theme
from gui.main_window import DESIGN, HOME, RESULTS, RUN
from gui.plots.colours import value_table
from gui.widgets.dialogs import DetailsDialog, HelpDialog
from tests.gui.stand_in import StandInDevices
from tests.gui.windows import EXAMPLES, program_in


@pytest.fixture
def program(qtbot, tmp_path):
    with program_in(tmp_path, StandInDevices().door()) as program:
        yield program


def open_example(qtbot, program, name="digits-grid"):
    program.open(EXAMPLES / f"{name}.toml")
    qtbot.waitUntil(lambda: program.window.place == DESIGN)
    qtbot.waitUntil(lambda: program.designing.draft.document.name == name)


def test_that_it_opens_at_home_and_says_that_no_study_is_open(program):
    assert program.window.place == HOME
    assert program.window.strip._hint.isVisible()


def test_that_places_are_reached_by_rail_and_by_shortcut(qtbot, program):
    shortcuts = [action.shortcut().toString() for action in program.window.commands.places]
    assert shortcuts == ["Ctrl+1", "Ctrl+2", "Ctrl+3", "Ctrl+4"]
    for place in (DESIGN, RUN, RESULTS, HOME):
        program.window.commands.places[place].trigger()
        assert program.window.place == place


def test_that_shortcuts_are_those_that_people_know(program):
    keys = {action.shortcut().toString() for action in program.window.findChildren(QAction)} - {""}
    wanted = {"Ctrl+N", "Ctrl+O", "Ctrl+S", "Ctrl+Z", "Ctrl+Shift+Z", "Ctrl+R", "Ctrl+P", "F1"}
    assert wanted <= keys


def test_that_no_two_commands_share_a_shortcut(program):
    keys = [
        action.shortcut().toString()
        for action in program.window.findChildren(QAction)
        if action.shortcut().toString()
    ]
    assert len(set(keys)) == len(keys)


def test_that_an_example_opens_in_design_ready_to_run(qtbot, program):
    open_example(qtbot, program)
    assert program.designing.page().footer.run.isEnabled()
    assert program.designing.draft.path is None


def test_that_undo_and_redo_work_from_the_menu(qtbot, program):
    open_example(qtbot, program)
    program.designing.draft.rename("other")
    edit = next(m for m in program.window.menuBar().actions() if m.text() == "&Edit").menu()
    undo, redo = edit.actions()
    assert undo.text() == "Undo change of name"
    undo.trigger()
    assert program.designing.draft.document.name == "digits-grid"
    redo.trigger()
    assert program.designing.draft.document.name == "other"
    program.window.go_to(HOME)
    assert not undo.isEnabled()


def test_that_unsaved_work_is_not_replaced_without_a_question(qtbot, program):
    open_example(qtbot, program)
    program.designing.draft.rename("mine")
    program.window.commands.new.trigger()
    box = program.window.findChild(QMessageBox)
    assert "mine has changes" in box.text()
    next(b for b in box.buttons() if b.text() == "Cancel").click()
    assert program.designing.draft.document.name == "mine"
    program.window.commands.new.trigger()
    box = program.window.findChildren(QMessageBox)[-1]
    next(b for b in box.buttons() if b.text() == "Discard").click()
    assert program.designing.draft.document.name == "my-study"


def test_that_run_from_home_shows_the_design_first(program):
    program.window.commands.run.trigger()
    assert program.window.place == DESIGN
    assert program.studies.all == ()


def test_that_a_spec_is_saved_and_no_longer_unsaved(qtbot, program, tmp_path):
    open_example(qtbot, program)
    program.designing.draft.rename("mine")
    program.designing.save(tmp_path / "mine.toml")
    qtbot.waitUntil(lambda: "Saved to" in program.window.notice.text)
    assert not program.designing.unsaved
    assert 'name = "mine"' in (tmp_path / "mine.toml").read_text()
    assert program.designing.draft.path == tmp_path / "mine.toml"


def test_that_a_file_dropped_on_the_window_is_opened(qtbot, program):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(EXAMPLES / "digits-wide.toml"))])
    drop = QDropEvent(
        QPointF(QPoint(9, 9)),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    program.window.dropEvent(drop)
    qtbot.waitUntil(lambda: program.window.place == DESIGN)
    assert program.designing.draft.document.name == "digits-wide"


def test_that_a_file_of_another_kind_is_refused_in_a_sentence(program, tmp_path):
    program.open(tmp_path / "picture.gif")
    assert "picture.gif is of no known kind" in program.window.notice.text


def test_that_a_spoilt_spec_says_what_is_wrong(qtbot, program, tmp_path):
    (tmp_path / "bad.toml").write_text("name = 3\n[")
    program.open(tmp_path / "bad.toml")
    qtbot.waitUntil(lambda: "not valid TOML" in program.window.notice.text)


def test_that_a_dry_run_is_told_of_and_its_time_remembered(qtbot, program):
    open_example(qtbot, program)
    page = program.designing.page()
    page.footer._trial.click()
    qtbot.waitUntil(lambda: "about" in page.footer.plan)
    spec = program.designing.draft.verdict.spec
    assert page._timings.of(spec) == [1.5]


def test_that_the_scheme_is_chosen_and_remembered(qtbot, program, qapp):
    dark = program.window.commands.schemes.actions()[2]
    dark.trigger()
    assert theme.theme() is theme.DARK
    assert program._settings.get("window/scheme") == "dark"
    program.window.commands.schemes.actions()[1].trigger()
    assert theme.theme() is theme.LIGHT


def test_that_size_layout_and_draft_are_there_at_the_next_start(qtbot, tmp_path):
    with program_in(tmp_path, StandInDevices().door()) as program:
        program.window.resize(960, 640)
        open_example(qtbot, program)
        program.designing.draft.rename("mine")
        program.window.go_to(RUN)
        program.window.close()
    with program_in(tmp_path, StandInDevices().door()) as again:
        assert again.window.height() == 640
        again.window.go_to(DESIGN)
        assert again.designing.draft.document.name == "mine"
        assert again._settings.get_bytes("run/layout") is not None


@pytest.mark.parametrize("place", [HOME, DESIGN, RUN, RESULTS])
def test_that_every_place_has_help(qtbot, program, place):
    program.window.go_to(place)
    program.window.commands.help.trigger()
    qtbot.waitUntil(lambda: program.window.findChild(HelpDialog) is not None)
    program.window.findChild(HelpDialog).reject()


def test_that_the_colour_map_is_chosen_and_remembered(qtbot, program):
    viridis, cividis = program.window.commands.value_maps.actions()
    cividis.trigger()
    assert cividis.isChecked()
    assert not viridis.isChecked()
    assert program._settings.get("window/value-map") == "cividis"
    blue_end = value_table(2)[0]
    viridis.trigger()
    assert (blue_end != value_table(2)[0]).any()


def test_that_a_design_whose_data_cannot_be_split_is_not_run(qtbot, program, tmp_path):
    open_example(qtbot, program)
    (tmp_path / "rows.csv").write_text("a,day,b\n" + "1.5,2024-01-02,x\n2.5,2024-01-03,y\n" * 30)
    page = program.designing.page()
    page.task.builtin.choose_data(str(tmp_path / "rows.csv"))
    draft = program.designing.draft
    draft.set_entries("task", {"target": "b", "split": {"by": "time"}})
    qtbot.waitUntil(lambda: "by time needs a column" in page.footer.plan)
    program.window.commands.run.trigger()
    assert "This cannot be run yet. split: by time needs a column" in program.window.notice.text
    qtbot.wait(100)
    assert program.studies.all == ()


def test_that_about_says_where_files_go(qtbot, program):
    program.window.commands.about.trigger()
    dialog = program.window.findChild(HelpDialog)
    assert "Where files go" in dialog.findChild(QTextBrowser).toPlainText()
    dialog.reject()


def test_that_an_unexpected_error_is_told_with_details_to_copy(qtbot, program):
    program._crashes.happened.emit("Something went wrong.", "Traceback: 42")
    qtbot.waitUntil(lambda: program.window.findChild(DetailsDialog) is not None)
    dialog = program.window.findChild(DetailsDialog)
    buttons = {b.text(): b for b in dialog.findChildren(type(dialog._more))}
    assert dialog._details.isHidden()
    buttons["Details"].click()
    assert dialog._details.toPlainText() == "Traceback: 42"
    buttons["Copy"].click()
    assert QGuiApplication.clipboard().text() == "Traceback: 42"
    buttons["Go on"].click()


def test_that_every_icon_button_says_what_it_does(program):
    program.window.go_to(DESIGN)
    for button in program.window.findChildren(QToolButton):
        if not button.text() and button.isVisible():
            assert button.toolTip(), button
