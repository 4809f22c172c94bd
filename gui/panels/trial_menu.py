"""The menu of a right click: what can be done with a trial, and with the picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QMessageBox, QWidget

from engine.trial import Params
from gui.jobs import run_job
from gui.models.trial_commands import (
    ICONS,
    REPEAT,
    REPEAT_ICON,
    SEEDS,
    TEXTS,
    TIPS,
    TrialCommand,
    is_possible,
)
from gui.models.trial_text import as_csv, as_json, as_python, as_toml
from gui.panels.panel import Panel
from gui.theme import icon

_FORMATS: tuple[tuple[str, Callable[[Params], str]], ...] = (
    ("JSON", as_json),
    ("TOML", as_toml),
    ("Python", as_python),
)


def open_trial_menu(
    panel: Panel, number: int | None, place: QPoint, picture_of: QWidget | None = None
) -> QMenu:
    """Show the menu at `place`; trial `number` is selected first, as it is the one meant."""
    assert panel.model is not None
    menu = QMenu(panel)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.setToolTipsVisible(True)
    if number is not None:
        panel.model.select(number)
        _add_trial_actions(menu, panel, number)
        menu.addSeparator()
    if picture_of is not None:
        menu.addAction(icon("image-outline"), "Save picture…", lambda: save_picture(picture_of))
    menu.addAction(icon("table-arrow-down"), "Save trials as CSV…", lambda: save_csv(panel))
    menu.popup(place)
    return menu


def _add_trial_actions(menu: QMenu, panel: Panel, number: int) -> None:
    trial = panel.model.trials[number]
    for name, form in _FORMATS:
        menu.addAction(
            icon("content-copy"),
            f"Copy configuration of trial {number} as {name}",
            lambda form=form: QGuiApplication.clipboard().setText(form(trial.params)),
        )
    menu.addAction(icon("table"), "Show in the table", panel.table_requested.emit)
    menu.addSeparator()
    repeat = None
    for command in TEXTS:
        if command in SEEDS and repeat is None:
            repeat = menu.addMenu(icon(REPEAT_ICON), REPEAT)
            repeat.setToolTipsVisible(True)
        _add_command(repeat if command in SEEDS else menu, panel, command, number)


def _add_command(menu: QMenu, panel: Panel, command: TrialCommand, number: int) -> None:
    action = menu.addAction(
        icon(ICONS[command]), TEXTS[command], lambda: panel.trial_command.emit(command, number)
    )
    action.setToolTip(TIPS[command])
    action.setEnabled(is_possible(panel.model, command, number))


def save_picture(widget: QWidget) -> None:
    """Ask where to, and save what `widget` shows as a PNG."""
    image = widget.grab().toImage()

    def write(path: Path) -> None:
        if not image.save(str(path), "PNG"):
            raise OSError(f"{path} could not be written; choose another folder.")

    _ask_and_write(widget, "Save picture", "picture.png", "Pictures (*.png)", write)


def save_csv(panel: Panel) -> None:
    """Ask where to, and save all trials as a table."""
    trials, names = list(panel.model.trials.values()), panel.model.spec.space.names

    def write(path: Path) -> None:
        path.write_text(as_csv(trials, names), encoding="utf-8")

    _ask_and_write(panel, "Save trials", "trials.csv", "Tables (*.csv)", write)


def _ask_and_write(
    owner: QWidget, title: str, name: str, kinds: str, write: Callable[[Path], None]
) -> None:
    dialog = QFileDialog(owner, title, name, kinds)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(Path(name).suffix[1:])

    def failed(error: Exception) -> None:
        box = QMessageBox(QMessageBox.Icon.Warning, title, str(error), parent=owner)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    dialog.fileSelected.connect(
        lambda path: run_job(owner, lambda: write(Path(path)), lambda _: None, failed)
    )
    dialog.open()
