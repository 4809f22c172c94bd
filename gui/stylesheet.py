"""The style sheet of the window, made from the roles of a scheme.

It styles by Qt class and by three dynamic properties that pages and panels set: `card` (a framed
surface), `kind` of a button (primary, quiet, rail) and `tone` of a label (muted, caption colours).
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from string import Template

from gui.theme import ICON, RADIUS, Theme, faded

_SHEET = Template(
    """
QWidget { outline: none; }
QToolTip { background: $surface; color: $text; border: 1px solid $border; padding: 4px; }
QMainWindow::separator { background: $window; width: 6px; height: 6px; }
QMainWindow::separator:hover { background: $select; }

QFrame[card="true"] {
    background: $surface; border: 1px solid $border; border-radius: ${radius}px;
}
QFrame[card="true"][checked="true"] { border: 2px solid $accent; }
QFrame[card="true"][hoverable="true"]:hover { border-color: $muted; }
QFrame[card="true"][hoverable="true"]:focus { border: 2px solid $accent; }
QFrame[line="true"] { background: $border; border: none; }
QLabel { background: transparent; }
QLabel[tone="muted"] { color: $muted; }
QLabel[tone="good"] { color: $good; }
QLabel[tone="warn"] { color: $warn; }
QLabel[tone="bad"] { color: $bad; }
QLabel[tone="held"] { color: $held; }
QLabel[tone="accent"] { color: $accent; }

QPushButton {
    background: $surface; color: $text; border: 1px solid $border; border-radius: ${radius}px;
    padding: 5px 12px; min-height: ${icon}px;
}
QPushButton:hover { border-color: $muted; }
QPushButton:pressed, QPushButton:checked { background: $sunken; }
QPushButton:focus { border: 2px solid $accent; padding: 4px 11px; }
QPushButton:disabled { color: $faded; background: $window; }
QPushButton[kind="primary"] {
    background: $accent; color: $on_accent; border: 1px solid $accent; font-weight: 600;
    padding: 5px 24px;
}
QPushButton[kind="primary"]:hover, QPushButton[kind="primary"]:pressed { background: $lit; }
QPushButton[kind="primary"]:focus { border: 2px solid $text; padding: 4px 23px; }
QPushButton[kind="primary"]:disabled {
    background: $sunken; color: $faded; border: 1px solid $border;
}
QPushButton[kind="quiet"] {
    background: transparent; border: 1px solid transparent; color: $accent;
}
QPushButton[kind="quiet"]:hover { background: $sunken; }
QPushButton[kind="quiet"]:focus { border: 2px solid $accent; }
QPushButton[kind="quiet"]:disabled { color: $faded; }

QToolButton {
    background: transparent; color: $muted; border: 2px solid transparent;
    border-radius: ${radius}px; padding: 3px;
}
QToolButton:hover { background: $sunken; color: $text; }
QToolButton:pressed { background: $select; }
QToolButton:checked { background: $select; color: $text; }
QToolButton:focus { border-color: $accent; }
QToolButton:disabled { color: $faded; }
QToolButton[kind="title"] { color: $text; }
QToolButton::menu-indicator { image: none; }
QToolButton[popupMode="1"] { padding-right: 14px; }
QToolButton::menu-button { border: none; width: 14px; }
QToolButton::menu-arrow { image: url("$chevron_down"); width: 12px; height: 12px; }

QLineEdit, QAbstractSpinBox, QComboBox, QPlainTextEdit, QTextEdit {
    background: $sunken; color: $text; border: 1px solid $border; border-radius: ${radius}px;
    padding: 4px 7px; selection-background-color: $select; selection-color: $text;
}
QLineEdit:hover, QAbstractSpinBox:hover, QComboBox:hover { border-color: $muted; }
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus, QTextEdit:focus {
    border: 2px solid $accent; padding: 3px 6px;
}
QLineEdit[invalid="true"], QAbstractSpinBox[invalid="true"], QComboBox[invalid="true"] {
    border: 1px solid $bad;
}
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled {
    color: $faded; background: $window;
}
QLineEdit, QComboBox { min-height: 1.45em; }
QComboBox::drop-down { border: none; width: 22px; subcontrol-position: center right; }
QComboBox::down-arrow { image: url("$chevron_down"); width: 14px; height: 14px; }
QComboBox QAbstractItemView {
    background: $surface; border: 1px solid $border; padding: 4px; outline: none;
    selection-background-color: $select; selection-color: $text;
}
QComboBox QAbstractItemView::item { min-height: 24px; padding: 0 4px; }
QAbstractSpinBox { padding-right: 20px; }
QAbstractSpinBox:focus { padding-right: 19px; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {
    border: none; background: transparent; width: 18px;
}
QAbstractSpinBox::up-arrow { image: url("$chevron_up"); width: 12px; height: 12px; }
QAbstractSpinBox::down-arrow { image: url("$chevron_down"); width: 12px; height: 12px; }

QCheckBox, QRadioButton { spacing: 8px; background: transparent; }
QCheckBox::indicator, QTableView::indicator, QMenu::indicator {
    width: 14px; height: 14px; border: 1px solid $muted; border-radius: 3px; background: $surface;
}
QCheckBox::indicator:checked, QTableView::indicator:checked, QMenu::indicator:checked {
    background: $accent; border-color: $accent; image: url("$check");
}
QCheckBox::indicator:focus, QCheckBox::indicator:hover { border-color: $accent; }
QRadioButton::indicator {
    width: 12px; height: 12px; border: 2px solid $muted; border-radius: 8px; background: $surface;
}
QRadioButton::indicator:checked { border: 5px solid $accent; width: 6px; height: 6px; }

QTableView, QTreeView, QListView {
    background: $surface; alternate-background-color: $surface; gridline-color: $border;
    border: 1px solid $border; border-radius: ${radius}px;
    selection-background-color: $select; selection-color: $text;
}
QTableView:focus, QTreeView:focus, QListView:focus { border-color: $accent; }
QTableView::item { padding: 0 6px; }
QTableView QLineEdit, QTableView QComboBox, QTableView QAbstractSpinBox {
    border-radius: 0; padding: 0 6px; background: $surface; border: 2px solid $accent;
    min-height: 0;
}
QHeaderView { background: transparent; border: none; }
QHeaderView::section {
    background: $surface; color: $muted; border: none; border-bottom: 1px solid $border;
    padding: 5px 9px;
}
QHeaderView::section:first { border-top-left-radius: ${radius}px; }
QHeaderView::section:last { border-top-right-radius: ${radius}px; }
QTableCornerButton::section { background: $surface; border: none; }

QTabBar::tab {
    background: transparent; color: $muted; padding: 5px 12px;
    border-bottom: 2px solid transparent;
}
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; }
QTabWidget::pane { border: none; border-top: 1px solid $border; }
QDockWidget::title { background: $window; padding: 5px 8px; text-align: left; }

QMenuBar { background: $window; color: $text; }
QMenuBar::item { padding: 4px 10px; background: transparent; border-radius: ${radius}px; }
QMenuBar::item:selected { background: $select; }
QMenu { background: $surface; color: $text; border: 1px solid $border; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 12px; border-radius: 4px; }
QMenu::icon { padding-left: 8px; }
QMenu::indicator { margin-left: 8px; }
QMenu::item:selected { background: $select; }
QMenu::item:disabled { color: $faded; }
QMenu::separator { height: 1px; background: $border; margin: 4px 8px; }

QScrollArea { background: transparent; border: none; }
QAbstractScrollArea::corner { background: transparent; border: none; }
QScrollBar { background: transparent; border: none; }
QScrollBar:vertical { width: 10px; }
QScrollBar:horizontal { height: 10px; }
QScrollBar::handle { background: $border; border-radius: 3px; margin: 2px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QProgressBar {
    background: $sunken; border: none; border-radius: 2px; max-height: 4px; min-height: 4px;
}
QProgressBar::chunk { background: $accent; border-radius: 2px; }
QSlider::groove:horizontal { background: $border; height: 4px; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; height: 4px; border-radius: 2px; }
QSlider::handle:horizontal {
    background: $surface; border: 2px solid $accent; width: 10px; height: 10px; margin: -5px 0;
    border-radius: 7px;
}
QSlider::handle:horizontal:hover { background: $select; }
QSlider::handle:horizontal:focus { background: $accent; }
QSlider::sub-page:horizontal:disabled { background: $border; }
QSlider::handle:horizontal:disabled { border-color: $border; background: $window; }
QSplitter::handle { background: $window; }
QSplitter::handle:hover { background: $select; }
"""
)

_STROKES = {
    "chevron_down": ("M6 9.5 12 15.5 18 9.5", "muted"),
    "chevron_up": ("M6 15.5 12 9.5 18 15.5", "muted"),
    "check": ("M5 12.5 10 17.5 19 7.5", "on_accent"),
}
_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="{colour}"'
    ' stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round"><path d="{path}"/></svg>'
)


@cache
def stylesheet(roles: Theme) -> str:
    """The sheet for one scheme."""
    colours = {
        name: value.name() for name, value in vars(roles).items() if not isinstance(value, bool)
    }
    return _SHEET.substitute(
        colours,
        radius=RADIUS,
        icon=ICON,
        faded=faded(roles.muted, roles.window).name(),
        lit=faded(roles.accent, roles.text, 0.85).name(),
        **_drawn_signs(colours),
    )


def _drawn_signs(colours: dict[str, str]) -> dict[str, str]:
    """Arrows and ticks: a style sheet takes images only from files, so they are written once."""
    return {
        name: _write(_SVG.format(path=path, colour=colours[role]), f"{name}-{colours[role][1:]}")
        for name, (path, role) in _STROKES.items()
    }


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="tunescape-")


def _write(svg: str, name: str) -> str:
    path = Path(_folder().name) / f"{name}.svg"
    path.write_text(svg, encoding="utf-8")
    return path.as_posix()
