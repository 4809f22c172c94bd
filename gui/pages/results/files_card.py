"""Where the study and the weights of its best trial are."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QGridLayout, QPushButton

from gui.jobs import Job, run_job
from gui.theme import CARD, CONTROL
from gui.widgets.buttons import button
from gui.widgets.cards import Card
from gui.widgets.text import ElidedLabel, label

NOT_KEPT = "The weights of this trial were not kept."


class FilesCard(Card):
    """Two paths, each with a way to its folder."""

    def __init__(self) -> None:
        super().__init__("Files")
        self.study, self.show_study = _path_row()
        self.weights, self.show_weights = _path_row()
        self._asked: Path | None = None
        self._job: Job | None = None
        rows = QGridLayout()
        rows.setHorizontalSpacing(CARD)
        rows.setVerticalSpacing(CONTROL)
        rows.setColumnStretch(1, 1)
        for row, (name, path, show) in enumerate(
            (
                ("Weights", self.weights, self.show_weights),
                ("Study", self.study, self.show_study),
            )
        ):
            rows.addWidget(label(name, tone="muted"), row, 0)
            rows.addWidget(path, row, 1)
            rows.addWidget(show, row, 2)
        self.column.addLayout(rows)
        self.show_study.clicked.connect(lambda: open_folder(Path(self.study.text())))
        self.show_weights.clicked.connect(lambda: open_folder(Path(self.weights.text())))

    def show_paths(self, study: Path, weights: Path | None) -> None:
        """Fill in where the files are; whether there are weights is looked up in a job."""
        self.study.setText(str(study))
        self._asked = weights
        if self._job is not None:
            self._job.drop()
        self._say(None)
        if weights is not None:
            self._job = run_job(self, weights.is_file, lambda there: self._say(there))

    def _say(self, there: bool | None) -> None:
        self.show_weights.setEnabled(bool(there))
        self.weights.setText(
            str(self._asked) if there else NOT_KEPT if there is False or not self._asked else ""
        )


def open_folder(path: Path) -> None:
    """Show the folder of `path` in the system's file manager."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))


def _path_row() -> tuple[ElidedLabel, QPushButton]:
    text = ElidedLabel(middle=True)
    text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return text, button("Show in folder", icon_name="folder-outline")
