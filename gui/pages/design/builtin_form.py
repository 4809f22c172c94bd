"""A built-in network: what is trained on what data, and what is aimed at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QFileDialog, QWidget

from engine.tasks import catalog
from engine.tasks.data import bundled
from gui.models.cells import value_text
from gui.models.draft import Draft
from gui.pages.design.task_form import TaskForm
from gui.widgets.buttons import tool
from gui.widgets.fields import ChoiceField, Field, LineField, ParsedField, WholeField, real

if TYPE_CHECKING:
    from engine.tasks.preview import Preview

_NETWORKS = {"mlp": "Dense network (MLP)", "cnn": "Convolutional network (CNN)"}
_PARTS = {"train": "train", "val": "validation"}
_FILES = "Data (*.csv *.tsv *.txt *.parquet *.npz);;All files (*)"
_WAYS_BY_COLUMN = (("In order of time", "time"), ("By groups of a column", "group"))
_GROUPING = ("number", "boolean", "date", "identifier")
_NAMED_WAYS = ("stratified", "random", "time")
_SHARES = ("train", "validation", "test")


class BuiltinForm(TaskForm):
    """A form over the draft's name and its [task] table."""

    kind = "builtin"

    def __init__(self, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__(draft, parent)
        self._preview: Preview | None = None
        self._newly_chosen = False
        self._make_fields()
        self._lay_out()

    # -- showing --------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the draft."""
        super().refresh()
        task = self._draft.document.task
        self._data.set_choices(_data_choices(str(task.get("data", ""))))
        self._data.put(task.get("data"))
        self._network.put(task.get("network"))
        self._epochs.put(task.get("epochs"))
        self._objective.set_choices(self._objective_choices())
        self._objective.put(task.get("objective"))
        self._at.put(task.get("at", "best"))
        self._keep.put(task.get("keep"))
        self._target.put(task.get("target"))
        split = task.get("split", {})
        way = self._way_of(split)
        has_columns = self._preview is None or bool(self._preview.columns)
        self._way.set_choices(_ways(self._problem(), has_columns, way))
        self._way.put(way)
        for share, field in self._shares.items():
            field.put(split.get(share))
        self._column.set_choices([(name, name) for name in self._columns_for(way)])
        self._column.put(split.get("column") or _group(split))
        self._test_file.put(split.get("file"))
        self._shares["test"].setEnabled(not split.get("file"))
        own = task.get("data") not in bundled()
        for field in self._of_files:
            field.setVisible(own)
        self._fields["task", "target"].setVisible(own and has_columns)
        self._grid.removeWidget(self._fields["task", "split.by"])
        at, span = (3, 3) if has_columns else (0, 6)
        self._grid.addWidget(self._fields["task", "split.by"], 1, at, 1, span)
        self._column_field.setVisible(own and self._way.currentData() in ("time", "group"))

    def set_preview(self, preview: Preview | None) -> None:
        """What is known of the data: its columns, and the problem that it poses."""
        self._preview = preview
        names = [column.name for column in preview.columns] if preview else []
        self._target.set_choices([(name, name) for name in names])
        self.refresh()
        if self._newly_chosen and preview is not None and preview.problem is not None:
            self._newly_chosen = False
            fitting = self._fitting(preview.problem)
            if fitting != self._draft.document.task.get("objective"):
                self._aim_at(fitting)

    # -- building -------------------------------------------------------------------------------

    def _make_fields(self) -> None:
        self._data = ChoiceField()
        self._network = ChoiceField([(_NETWORKS.get(n, n), n) for n in catalog.NETWORKS])
        self._epochs = WholeField()
        self._keep = WholeField("3")
        self._objective = ChoiceField()
        self._at = ChoiceField([("best epoch", "best"), ("last epoch", "last")])
        self._target = ChoiceField()
        self._way = ChoiceField()
        self._column = ChoiceField()
        self._test_file = LineField("none: a share of the rows")
        self._shares = {share: ParsedField(real, value_text) for share in _SHARES}
        self._data.edited.connect(self.choose_data)
        self._network.edited.connect(lambda v: self._draft.set_entry("task", "network", v))
        self._epochs.edited.connect(lambda v: self._draft.set_entry("task", "epochs", v))
        self._keep.edited.connect(lambda v: self._draft.set_entry("task", "keep", v))
        self._objective.edited.connect(self._aim_at)
        self._at.edited.connect(lambda v: self._draft.set_entry("task", "at", v))
        self._target.edited.connect(self._predict)
        self._way.edited.connect(self._split_by)
        self._column.edited.connect(self._split_along)
        for share, field in self._shares.items():
            field.edited.connect(lambda v, share=share: self._set_split({share: v}))
        self._test_file.edited.connect(lambda text: self._set_split({"file": text or None}))

    def _lay_out(self) -> None:
        browse = tool("file-outline", "Choose a file: CSV, Parquet or NPZ", self._ask_for_file)
        folder = tool(
            "folder-outline", "Choose a folder of images, one sub-folder a class", self._ask_folder
        )
        target = self._add("task", "target", "Target", self._target, "The column to predict")
        way = self._add("task", "split.by", "Split", self._way, "How rows come to their part")
        self._column_field = Field("Column", self._column, "The column of times or of groups")
        shares = [
            self._add("task", f"split.{share}", f"{share.capitalize()} share", field, "0.7 is 70 %")
            for share, field in self._shares.items()
        ]
        find = tool("file-outline", "Choose a test file", self._ask_for_test_file)
        test_file = Field("Test file", self._test_file, "Rows kept for the final test", [find])
        self._fields["task", "split.file"] = test_file
        self._of_files = [target, way, *shares, test_file]
        grid = self._grid
        data = Field("Data", self._data, "What to learn from", [browse, folder])
        self._fields["task", "data"] = data
        grid.addWidget(data, 0, 2, 1, 4)
        grid.addWidget(target, 1, 0, 1, 3)
        grid.addWidget(way, 1, 3, 1, 3)
        for place, field in enumerate(shares):
            grid.addWidget(field, 2, place * 2, 1, 2)
        grid.addWidget(test_file, 3, 0, 1, 3)
        grid.addWidget(self._column_field, 3, 3, 1, 3)
        network = self._add("task", "network", "Network", self._network, "What is trained")
        grid.addWidget(network, 4, 0, 1, 3)
        epochs_tip = "How often each trial goes through the training data"
        grid.addWidget(self._add("task", "epochs", "Epochs", self._epochs, epochs_tip), 4, 3)
        keep_tip = "How many of the best trials keep their weights; those of the others are deleted"
        grid.addWidget(self._add("task", "keep", "Weights kept", self._keep, keep_tip), 4, 4, 1, 2)
        aim = "What is compared between trials; the test part is never shown to the search"
        objective = self._add("task", "objective", "Objective", self._objective, aim)
        grid.addWidget(objective, 5, 0, 1, 4)
        at = self._add("task", "at", "Value of", self._at, "Which epoch's value and weights count")
        grid.addWidget(at, 5, 4, 1, 2)

    # -- doing ----------------------------------------------------------------------------------

    def choose_data(self, data: str) -> None:
        """Take other data; what the old data's columns were chosen for goes with it."""
        self._newly_chosen = True
        split = _without_columns(self._draft.document.task.get("split", {}))
        entries: dict[str, Any] = {"data": data, "target": None, "split": split}
        known = bundled().get(data)
        if known is not None:
            self._newly_chosen = False
            entries |= _aim(self._fitting(known.problem))
        self._draft.set_entries("task", entries)

    def _predict(self, target: str) -> None:
        self._newly_chosen = True
        self._draft.set_entry("task", "target", target)

    def _fitting(self, problem: str) -> str:
        current = self._draft.document.task.get("objective")
        known = catalog.objectives(problem)
        return current if current in known else next(iter(known))

    def _aim_at(self, objective: str) -> None:
        self._draft.set_entries("task", _aim(objective))

    def _problem(self) -> str:
        data = str(self._draft.document.task.get("data", ""))
        if data in bundled():
            return bundled()[data].problem
        if self._preview is not None and self._preview.problem is not None:
            return self._preview.problem
        try:
            return catalog.problem_of(str(self._draft.document.task.get("objective")))
        except catalog.CatalogError:
            return "classification"

    def _objective_choices(self) -> list[tuple[str, Any]]:
        """What can be aimed at; few whole numbers in a file may be classes or amounts."""
        problem = self._problem()
        if self._draft.document.task.get("data") in bundled():
            return _objective_choices(problem)
        other = "regression" if problem == "classification" else "classification"
        return _objective_choices(problem) + _objective_choices(other)

    def _way_of(self, split: Any) -> str:
        way = split.get("by")
        if way is None:
            return "stratified" if self._problem() == "classification" else "random"
        return way if way in _NAMED_WAYS else "group"

    def _columns_for(self, way: str) -> list[str]:
        """The columns that rows can be split by in a way, the likeliest first."""
        likely, other = (("date",), ("number",)) if way == "time" else (("category",), _GROUPING)
        target = self._draft.document.task.get("target")
        columns = [c for c in (self._preview.columns if self._preview else ()) if c.name != target]
        return [c.name for kinds in (likely, other) for c in columns if c.kind in kinds]

    def _split_by(self, way: str) -> None:
        first = next(iter(self._columns_for(way)), None)
        if way == "group":
            self._set_split({"by": first, "column": None})
        else:
            self._set_split({"by": way, "column": first if way == "time" else None})

    def _split_along(self, column: str) -> None:
        grouped = self._way.currentData() == "group"
        self._set_split({"by": column} if grouped else {"column": column})

    def _set_split(self, entries: dict[str, Any]) -> None:
        split = {**self._draft.document.task.get("split", {}), **entries}
        stated = {key: value for key, value in split.items() if value is not None}
        key = f"split.{next(iter(entries))}"
        self._draft.set_entries("task", {"split": stated}, key)

    def _ask_for_file(self) -> None:
        self._ask(QFileDialog.FileMode.ExistingFile, self.choose_data)

    def _ask_folder(self) -> None:
        self._ask(QFileDialog.FileMode.Directory, self.choose_data)

    def _ask_for_test_file(self) -> None:
        self._ask(QFileDialog.FileMode.ExistingFile, lambda path: self._set_split({"file": path}))

    def _ask(self, mode: QFileDialog.FileMode, chosen: Callable[[str], object]) -> None:
        dialog = QFileDialog(self, "Choose data", str(Path.home()), _FILES)
        dialog.setFileMode(mode)
        dialog.fileSelected.connect(chosen)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def _aim(objective: str) -> dict[str, str]:
    return {"objective": objective, "direction": catalog.direction_of(objective)}


def _group(split: Any) -> str | None:
    way = split.get("by")
    return None if way in (None, *_NAMED_WAYS) else way


def _ways(problem: str, has_columns: bool, current: str) -> list[tuple[str, Any]]:
    """How data can be split: times and groups need columns, which images and arrays have not."""
    alike = "class" if problem == "classification" else "value"
    by_column = [way for way in _WAYS_BY_COLUMN if has_columns or way[1] == current]
    return [(f"Stratified by {alike}", "stratified"), ("At random", "random"), *by_column]


def _without_columns(split: Any) -> dict[str, Any] | None:
    """What of a split holds for any data: its shares, and a way that needs no column."""
    kept = {key: value for key, value in split.items() if key in _SHARES}
    if split.get("by") in ("stratified", "random"):
        kept["by"] = split["by"]
    return kept or None


def _data_choices(data: str) -> list[tuple[str, Any]]:
    choices: list[tuple[str, Any]] = [(one.title, name) for name, one in bundled().items()]
    if data and data not in bundled():
        choices.append((Path(data).name or data, data))
    return choices


def _objective_choices(problem: str) -> list[tuple[str, Any]]:
    """Such as "validation accuracy (higher is better)"."""
    choices: list[tuple[str, Any]] = []
    for name, direction in catalog.objectives(problem).items():
        part, metric = name.split("_", 1)
        better = "lower" if direction == "minimize" else "higher"
        words = metric.replace("_", " ").replace("r2", "R²")
        choices.append((f"{_PARTS.get(part, part)} {words} ({better} is better)", name))
    return choices
