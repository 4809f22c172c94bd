"""Colours, fonts, spacing and icons of both schemes; no colour is written down anywhere else.

Other files name roles (`theme().muted`) and ask again when `notifier.themeChanged` is emitted. The
style sheet itself is in `gui/stylesheet.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

from PySide6.QtCore import QObject, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtWidgets import QApplication

from engine.events import StudyState
from engine.trial import TrialState

Scheme = Literal["system", "light", "dark"]
FontRole = Literal["caption", "body", "title", "figure"]

GROUP, CONTROL, CARD, PAGE = 4, 8, 16, 24
"""Spacing in pixels: inside a control group, between controls, between cards, at page edges."""
RADIUS = 6
ICON = 18

VALUE_MAP, CALM_VALUE_MAP = "viridis", "cividis"
"""Colour maps of the objective (the second one on request), by pyqtgraph's names."""
VALUE_MAPS = (VALUE_MAP, CALM_VALUE_MAP)
UNCERTAINTY_MAP, ACQUISITION_MAP = ("CET-L1", 0.15, 0.95), ("plasma", 0.05, 0.74)
"""Maps of their own and the part of each in use, so that neither is taken for a value: greys, and
violet to orange without the yellow at the end."""


@dataclass(frozen=True, eq=False)
class Theme:
    """One scheme: a colour for each role."""

    dark: bool
    window: QColor
    surface: QColor
    sunken: QColor
    border: QColor
    text: QColor
    muted: QColor
    accent: QColor
    on_accent: QColor
    select: QColor
    good: QColor
    warn: QColor
    bad: QColor
    held: QColor


def _scheme(dark: bool, **roles: str) -> Theme:
    return Theme(dark, **{role: QColor(value) for role, value in roles.items()})


LIGHT = _scheme(
    dark=False,
    window="#F4F6F8",
    surface="#FFFFFF",
    sunken="#EDF0F4",
    border="#D5DBE3",
    text="#18212D",
    muted="#556274",
    accent="#2563C9",
    on_accent="#FFFFFF",
    select="#DCE8FC",
    good="#177247",
    warn="#8F5E00",
    bad="#B93226",
    held="#6B4FBB",
)
DARK = _scheme(
    dark=True,
    window="#12161C",
    surface="#1A2029",
    sunken="#0D1015",
    border="#323C49",
    text="#E7EBF1",
    muted="#9AA7B8",
    accent="#6BA6FF",
    on_accent="#0B1220",
    select="#223B5C",
    good="#4FC78D",
    warn="#E3B341",
    bad="#F6857E",
    held="#B39DF3",
)


class _Notifier(QObject):
    themeChanged = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.follows_system = False


notifier = _Notifier()
_current = LIGHT
_chosen: Scheme = "system"
_value_map = VALUE_MAP


def theme() -> Theme:
    """The scheme in use."""
    return _current


def chosen_scheme() -> Scheme:
    """What the user asked for: a scheme, or to follow the system."""
    return _chosen


def value_map() -> str:
    """The colour map of the objective that is in use, by pyqtgraph's name."""
    return _value_map


def use_value_map(name: str) -> None:
    """Colour the objective by another of VALUE_MAPS, everywhere; an unknown one changes nothing."""
    global _value_map
    if name in VALUE_MAPS and name != _value_map:
        _value_map = name
        notifier.themeChanged.emit()


def apply(app: QApplication, scheme: Scheme = "system") -> None:
    """Put `app` in `scheme`; one that follows the system changes with it from now on."""
    global _chosen
    _chosen = scheme
    hints = app.styleHints()
    hints.setColorScheme(
        {
            "system": Qt.ColorScheme.Unknown,
            "light": Qt.ColorScheme.Light,
            "dark": Qt.ColorScheme.Dark,
        }[scheme]
    )
    if not notifier.follows_system:
        notifier.follows_system = True
        hints.colorSchemeChanged.connect(_follow)
    _follow()


def _follow(_scheme: object = None) -> None:
    from gui.palette import palette
    from gui.stylesheet import stylesheet

    global _current
    app = QApplication.instance()
    dark = _chosen == "dark" or (
        _chosen == "system" and app.styleHints().colorScheme() == Qt.ColorScheme.Dark
    )
    _current = DARK if dark else LIGHT
    app.setPalette(palette(_current))
    app.setStyleSheet(stylesheet(_current))
    notifier.themeChanged.emit()


def faded(colour: QColor, behind: QColor, strength: float = 0.6) -> QColor:
    """`colour` blended into what is `behind` it: of what is disabled or far away."""

    def mix(front: int, back: int) -> int:
        return round(strength * front + (1 - strength) * back)

    return QColor(
        mix(colour.red(), behind.red()),
        mix(colour.green(), behind.green()),
        mix(colour.blue(), behind.blue()),
    )


# -- type ---------------------------------------------------------------------------------------

_SCALES = {"caption": 0.85, "body": 1.0, "title": 1.25, "figure": 1.75}


def font(role: FontRole = "body") -> QFont:
    """The system's font in the size of `role`, its digits all of one width."""
    result = QFont(QApplication.font())
    if result.pointSizeF() > 0:
        result.setPointSizeF(result.pointSizeF() * _SCALES[role])
    else:
        result.setPixelSize(round(result.pixelSize() * _SCALES[role]))
    if role in ("title", "figure"):
        result.setWeight(QFont.Weight.DemiBold)
    result.setFeature(QFont.Tag("tnum"), 1)
    return result


# -- states: always a shape and a word, never a colour alone ------------------------------------


class Mark(NamedTuple):
    """How a state is shown."""

    glyph: str
    colour: QColor
    word: str


BEST = "★"
PROPOSED = "◇"

_TRIAL_MARKS = {
    TrialState.QUEUED: ("○", "muted", "queued"),
    TrialState.RUNNING: ("▶", "accent", "running"),
    TrialState.COMPLETE: ("●", "text", "complete"),
    TrialState.PRUNED: ("▼", "warn", "pruned"),
    TrialState.FAILED: ("✕", "bad", "failed"),
    TrialState.CANCELLED: ("□", "muted", "cancelled"),
    TrialState.INTERRUPTED: ("◐", "held", "interrupted"),
}
_STUDY_MARKS = {
    StudyState.NEW: ("○", "muted", "not started"),
    StudyState.WAITING: ("◌", "held", "waiting"),
    StudyState.RUNNING: ("▶", "accent", "running"),
    StudyState.PAUSED: ("❚❚", "warn", "paused"),
    StudyState.STOPPING: ("◐", "warn", "stopping"),
    StudyState.STOPPED: ("◐", "held", "stopped"),
    StudyState.FINISHED: ("●", "good", "finished"),
}


def state_mark(state: TrialState) -> Mark:
    """Glyph, colour and word of a trial's state."""
    glyph, role, word = _TRIAL_MARKS[state]
    return Mark(glyph, getattr(_current, role), word)


def study_mark(state: StudyState) -> Mark:
    """Glyph, colour and word of a study's state."""
    glyph, role, word = _STUDY_MARKS[state]
    return Mark(glyph, getattr(_current, role), word)


# -- icons --------------------------------------------------------------------------------------


@cache
def icon(name: str, role: str = "muted") -> QIcon:
    """A Material Design icon by its name ("pause", "home-outline"), which follows the scheme.

    It is drawn in the colour of `role`; a muted one turns to text under the mouse or when checked.
    """
    return QIcon(_IconEngine(name, role))


class _IconEngine(QIconEngine):
    """Draws a glyph of the icon font in the colour that its role has at that moment."""

    def __init__(self, name: str, role: str) -> None:
        super().__init__()
        self._name = name
        self._role = role

    def clone(self) -> QIconEngine:
        return _IconEngine(self._name, self._role)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        import qtawesome  # late: the fonts are read when the first icon is painted

        painter.save()
        painter.setPen(self._colour(mode, state))
        glyphs = qtawesome.font("mdi6", rect.height())
        glyphs.setPixelSize(rect.height())
        painter.setFont(glyphs)
        painter.drawText(
            rect, Qt.AlignmentFlag.AlignCenter, qtawesome.charmap(f"mdi6.{self._name}")
        )
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        if size.isEmpty():  # a widget that has not been laid out yet has no room for one
            return QPixmap()
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return pixmap

    def _colour(self, mode: QIcon.Mode, state: QIcon.State) -> QColor:
        if mode == QIcon.Mode.Disabled:
            return faded(_current.muted, _current.surface)
        lit = mode in (QIcon.Mode.Active, QIcon.Mode.Selected) or state == QIcon.State.On
        if self._role == "muted" and lit:
            return _current.text
        return getattr(_current, self._role)
