"""Buttons of four kinds: primary (one a page), plain, quiet (looks like a link), and icons."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QPushButton, QToolButton

from gui.theme import GROUP, ICON, icon


def button(
    text: str,
    clicked: Callable[[], object] | None = None,
    kind: str = "",
    tip: str = "",
    icon_name: str = "",
) -> QPushButton:
    """A push button; `kind` is "primary", "quiet" or plain."""
    result = QPushButton(text)
    if kind:
        result.setProperty("kind", kind)
    if icon_name:
        role = {"primary": "on_accent", "quiet": "accent"}.get(kind, "muted")
        result.setIcon(icon(icon_name, role))
        result.setIconSize(QSize(ICON + GROUP, ICON))  # style sheets have no space beside an icon
    if tip:
        result.setToolTip(tip)
    if clicked is not None:
        result.clicked.connect(lambda _checked=False: clicked())
    return result


def tool(
    icon_name: str, tip: str, clicked: Callable[[], object] | None = None, checkable: bool = False
) -> QToolButton:
    """A button that is an icon; what it does is its tooltip and its accessible name."""
    result = QToolButton()
    result.setIcon(icon(icon_name))
    result.setIconSize(QSize(ICON, ICON))
    result.setToolTip(tip)
    result.setAccessibleName(tip.split(" (")[0])
    result.setCheckable(checkable)
    result.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    if clicked is not None:
        result.clicked.connect(lambda _checked=False: clicked())
    return result
