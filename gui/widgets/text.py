"""Labels in the roles of the theme: sizes, tones, and texts that are cut with an ellipsis."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

from gui.theme import FontRole, font


def set_property(widget: QWidget, name: str, value: object) -> None:
    """Set a property that the style sheet selects by, and have the widget drawn anew."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
        widget.update()


def label(text: str = "", role: FontRole = "body", tone: str = "", wrap: bool = False) -> QLabel:
    """A label in a font role and a tone ("muted", "bad", ...; empty is plain text)."""
    result = QLabel(text)
    result.setFont(font(role))
    result.setWordWrap(wrap)
    result.setTextFormat(Qt.TextFormat.PlainText)
    if tone:
        result.setProperty("tone", tone)
    return result


def say(target: QLabel, text: str, tone: str = "") -> None:
    """Change what a label says and how."""
    target.setText(text)
    set_property(target, "tone", tone)


def tint(target: QLabel, colour: QColor) -> None:
    """Write a label in a colour of the theme, for marks that carry their own."""
    palette = target.palette()
    palette.setColor(QPalette.ColorRole.WindowText, colour)
    target.setPalette(palette)


def hairline(vertical: bool = False) -> QFrame:
    """A line of one pixel between two areas."""
    line = QFrame()
    line.setProperty("line", True)
    if vertical:
        line.setFixedWidth(1)
    else:
        line.setFixedHeight(1)
    return line


class FixedLabel(QLabel):
    """A label as wide as the longest text it will ever show, so that nothing beside it moves."""

    def __init__(self, longest: str, tone: str = "") -> None:
        super().__init__()
        self._longest = longest
        self.setFont(font())
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        if tone:
            self.setProperty("tone", tone)

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(self.fontMetrics().horizontalAdvance(self._longest) + 2, hint.height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()


class ElidedLabel(QLabel):
    """One line, cut in the middle or at the end where there is no room; the tooltip has it all."""

    def __init__(
        self, text: str = "", role: FontRole = "body", tone: str = "", middle: bool = False
    ) -> None:
        super().__init__(text)
        self.setFont(font(role))
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 4)
        self._mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        if tone:
            self.setProperty("tone", tone)

    @property
    def _room(self) -> int:
        return self.contentsRect().width()

    def setText(self, text: str) -> None:
        super().setText(text)
        self._offer_whole()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        shown = self.fontMetrics().elidedText(self.text(), self._mode, self._room)
        self.style().drawItemText(
            painter,
            self.contentsRect(),
            int(self.alignment()),
            self.palette(),
            self.isEnabled(),
            shown,
            self.foregroundRole(),
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._offer_whole()

    def _offer_whole(self) -> None:
        """The tooltip says what is cut."""
        cut = self.fontMetrics().horizontalAdvance(self.text()) > self._room
        self.setToolTip(self.text() if cut else "")
