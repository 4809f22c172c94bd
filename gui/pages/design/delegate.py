"""Editors in the cells of the space table: choosers for names, types and conditions, else text."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QObject, QRect, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from engine.parameters import Categorical, Parameter
from gui.models.cells import KINDS, Column, condition_text

_ALWAYS = "always"
_ARROW = 44
"""Pixels beside the text of a chooser."""


class SpaceDelegate(QStyledItemDelegate):
    """Makes the editor that suits a column."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._known: Mapping[str, tuple[str, str]] = {}

    def set_known(self, known: Mapping[str, tuple[str, str]]) -> None:
        """What the network can be tuned by: name to label and help."""
        self._known = known

    def createEditor(
        self, parent: QWidget, option: QStyleOptionViewItem, index: QModelIndex
    ) -> QWidget:
        column = Column(index.column())
        if column == Column.NAME:
            return self._name_chooser(parent)
        if column == Column.KIND:
            return _chooser(parent, list(KINDS))
        if column == Column.WHEN:
            parameters = [index.model().parameter(r) for r in range(index.model().rowCount())]
            own = parameters.pop(index.row())
            return _condition_chooser(parent, parameters, own)
        editor = QLineEdit(parent)
        editor.setAlignment(Qt.AlignmentFlag(int(index.data(Qt.ItemDataRole.TextAlignmentRole))))
        return editor

    def setEditorData(self, editor: QWidget, index: QModelIndex) -> None:
        text = index.data(Qt.ItemDataRole.EditRole)
        if isinstance(editor, QComboBox):
            place = editor.findData(text)
            editor.setCurrentIndex(place)
            if editor.isEditable():
                editor.setEditText(text)
                editor.lineEdit().selectAll()
        elif isinstance(editor, QLineEdit):
            editor.setText(text)
            editor.selectAll()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: QModelIndex) -> None:
        if isinstance(editor, QComboBox):
            text = editor.currentText()
            if editor.currentIndex() >= 0 and editor.itemText(editor.currentIndex()) == text:
                text = editor.currentData()
            model.setData(index, "" if text == _ALWAYS else text)
        elif isinstance(editor, QLineEdit):
            model.setData(index, editor.text())

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        wanted = _width_of(editor) if isinstance(editor, QComboBox) else 0
        place = QRect(option.rect)
        place.setWidth(max(place.width(), wanted))
        place.moveRight(min(place.right(), editor.parentWidget().width() - 1))
        editor.setGeometry(place)

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        """Return on a chooser takes what is chosen, as it does in a text editor."""
        if (
            isinstance(editor, QComboBox)
            and isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        ):
            self.commitData.emit(editor)
            self.closeEditor.emit(editor)
            return True
        return super().eventFilter(editor, event)

    def _name_chooser(self, parent: QWidget) -> QComboBox:
        editor = _chooser(parent, [], editable=True)
        for name, (words, help_text) in self._known.items():
            editor.addItem(f"{name}  –  {words}", name)
            editor.setItemData(editor.count() - 1, help_text, Qt.ItemDataRole.ToolTipRole)
        editor.activated.connect(lambda place: editor.setEditText(editor.itemData(place)))
        return editor


def _width_of(editor: QComboBox) -> int:
    """Room for the longest text and the arrow."""
    metrics = editor.fontMetrics()
    texts = [editor.currentText(), *(editor.itemText(i) for i in range(editor.count()))]
    return max(map(metrics.horizontalAdvance, texts)) + _ARROW


def _condition_chooser(parent: QWidget, parameters: list[Parameter], own: Parameter) -> QComboBox:
    """Offers each choice of each other parameter; several values can be typed: a = b, c."""
    editor = _chooser(parent, [_ALWAYS], editable=True)
    for parameter in parameters:
        if isinstance(parameter, Categorical) and parameter.name != own.name:
            for choice in parameter.choices:
                text = condition_text(parameter.name, (choice,))
                editor.addItem(text, text)
    return editor


def _chooser(parent: QWidget, texts: list[str], editable: bool = False) -> QComboBox:
    editor = QComboBox(parent)
    editor.setEditable(editable)
    editor.setMaxVisibleItems(20)
    if editable:
        editor.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        editor.completer().setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        editor.completer().setFilterMode(Qt.MatchFlag.MatchContains)
    for text in texts:
        editor.addItem(text, text)
    return editor
