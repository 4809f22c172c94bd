"""The Design page: what shall be searched, how, and what will it cost?

Left, in the order of thought: data and task, the space. Right: method and budget. Below: the plan
and Run.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from engine.analysis.cost import estimate
from engine.tasks import catalog
from gui.models.code_view import CodePreview, CodeView
from gui.models.data_preview import DataPreview
from gui.models.draft import Draft
from gui.models.plan import duration_words, plan_of, workers_of
from gui.models.space_model import SpaceModel
from gui.models.study_place import SUFFIX, StudyPlace
from gui.models.timings import Timings
from gui.pages.design.budget_card import BudgetCard
from gui.pages.design.code_card import CodeCard
from gui.pages.design.footer import DesignFooter
from gui.pages.design.method_card import MethodCards
from gui.pages.design.preview_card import PreviewCard
from gui.pages.design.space_card import SpaceCard
from gui.pages.design.task_card import TaskCard
from gui.theme import CARD, PAGE
from gui.widgets.text import hairline

if TYPE_CHECKING:
    from engine.tasks.preview import Preview

_RIGHT_CHARACTERS = 50
_BAR = 10
"""Room for a scroll bar, in pixels."""


class DesignPage(QWidget):
    """Shows and edits one Draft."""

    runRequested = Signal()
    dryRunRequested = Signal()

    def __init__(
        self, draft: Draft, timings: Timings, folder: Path, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName("Design")
        self._draft = draft
        self._timings = timings
        self.place = StudyPlace(folder, self)
        self.preview = DataPreview(self)
        self.code = CodePreview(self)
        self.task = TaskCard(draft)
        self.preview_card = PreviewCard()
        self.code_card = CodeCard()
        self.space = SpaceCard(SpaceModel(draft, self))
        self.methods = MethodCards(draft)
        self.budget = BudgetCard(draft)
        self.footer = DesignFooter()
        self._data_problem = self._code_problem = ""
        self._network = ""
        self._automatic_workers = 1
        self._named = ""
        self._lay_out()
        self._connect()
        self.refresh()

    # -- showing --------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Follow the draft: what is wrong, what it will be, and what its data looks like."""
        self._follow_network()
        verdict = self._draft.verdict
        self.task.set_verdict(verdict)
        self.budget.set_verdict(verdict)
        self.space.set_problems(verdict.space_problems)
        self._look_at_task()
        if self.problem:
            self.footer.show_problem(self.problem)
        else:
            self._show_plan()
        name = self._draft.document.name
        if name and name != self._named:
            self._named = name
            self.place.look_for(name)

    @property
    def problem(self) -> str:
        """What keeps the draft, or its data, from being run; empty where nothing does."""
        beside = self._data_problem if self.task.kind == "builtin" else self._code_problem
        return self._draft.verdict.sentence or beside

    def look_for_place(self) -> None:
        """Look anew for a free file name: the last one has been taken."""
        self.place.look_for(self._draft.document.name)

    @property
    def is_starting(self) -> bool:
        """Whether a study is being made of the draft at this moment."""
        return self.footer.is_starting

    def set_starting(self, starting: bool) -> None:
        """Say whether a study is being made of the draft."""
        self.footer.set_starting(starting)
        self.refresh()

    def set_automatic_workers(self, count: int) -> None:
        """Say how many trials run at once where no number is chosen."""
        self._automatic_workers = count
        self.refresh()

    def set_trying(self, what: str) -> None:
        """Say what is being tried: "dry run", "discovery", or nothing."""
        self.footer.set_trying(what == "dry run")
        self.task.script.set_discovering(what == "discovery")
        if what:
            self.code_card.show_found("")

    def _show_plan(self) -> None:
        verdict = self._draft.verdict
        spec = verdict.spec
        assert spec is not None
        plan = plan_of(spec, verdict.trials)
        workers = workers_of(spec, self._automatic_workers)
        guess = None
        if verdict.trials is not None:
            guess = estimate(self._timings.of(spec), verdict.trials, workers)
        duration = "" if guess is None else duration_words(guess, workers)
        self.footer.show_plan(plan.trials, duration, plan.warning)

    def _follow_network(self) -> None:
        if self.task.kind != "builtin":
            if self._network:
                self._network = ""
                self.space.set_known({})
            return
        network = str(self._draft.document.task.get("network", ""))
        if network != self._network and network in catalog.NETWORKS:
            self._network = network
            self.space.set_known(catalog.hyperparameters(network))

    def _look_at_task(self) -> None:
        """Show the data of a built-in network, or the user's own code."""
        task, kind = self._draft.document.task, self.task.kind
        self.preview_card.setVisible(kind == "builtin")
        self.code_card.setVisible(kind != "builtin")
        if kind == "builtin":
            self.preview.look_at(task, self._draft.base)
        else:
            self.code.look_at(task, self._draft.base)

    def _come_back(self, state: Qt.ApplicationState) -> None:
        """A script may have been edited in another program meanwhile."""
        if state is Qt.ApplicationState.ApplicationActive and self.task.kind != "builtin":
            self.code.look_again()

    def _saw_code(self, view: CodeView) -> None:
        self._code_problem = view.problem
        self.code_card.show_view(view)
        self.task.set_code(view)
        self.refresh()

    def _look(self) -> None:
        self._data_problem = ""
        self.preview_card.look()

    def _previewed(self, preview: Preview) -> None:
        self._data_problem = next(iter(preview.problems), "")
        self.preview_card.show_preview(preview)
        self.task.builtin.set_preview(preview)
        self.refresh()

    def _not_previewed(self, sentence: str) -> None:
        self._data_problem = sentence
        self.preview_card.refuse(sentence)
        self.task.builtin.set_preview(None)
        self.refresh()

    # -- building -------------------------------------------------------------------------------

    def _connect(self) -> None:
        self._draft.changed.connect(self.refresh)
        self.preview.started.connect(self._look)
        app = QGuiApplication.instance()
        assert isinstance(app, QGuiApplication)
        app.applicationStateChanged.connect(self._come_back)
        self.code.started.connect(lambda: self.code_card.look(self.task.kind))
        self.code.arrived.connect(self._saw_code)
        self.code.failed.connect(lambda sentence: self._saw_code(CodeView(problem=sentence)))
        self.preview.arrived.connect(self._previewed)
        self.preview.failed.connect(self._not_previewed)
        self.footer.runRequested.connect(self.runRequested)
        self.footer.dryRunRequested.connect(self.dryRunRequested)
        self.footer.placeChosen.connect(self._save_to)
        self.place.found.connect(self.footer.show_place)

    def _save_to(self, path: Path) -> None:
        self.place.folder = path.parent
        self._draft.rename(path.name.removesuffix(SUFFIX))
        self.look_for_place()

    def _lay_out(self) -> None:
        data = QHBoxLayout()
        data.setSpacing(CARD)
        data.addWidget(self.task, 3)
        data.addWidget(self.preview_card, 2)
        data.addWidget(self.code_card, 2)
        left = _column()
        left.layout().addLayout(data)
        left.layout().addWidget(self.space, 1)
        right = _column()
        right.layout().addWidget(self.methods)
        right.layout().addWidget(self.budget)
        right.layout().addStretch(1)
        right.setFixedWidth(self.fontMetrics().averageCharWidth() * _RIGHT_CHARACTERS)
        columns = QHBoxLayout()
        columns.setContentsMargins(PAGE, CARD, PAGE - _BAR, CARD)
        columns.setSpacing(CARD)
        columns.addWidget(_scrolling(left), 1)
        columns.addWidget(_scrolling(right))
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addLayout(columns, 1)
        page.addWidget(hairline())
        page.addWidget(self.footer)


def _column() -> QWidget:
    result = QWidget()
    column = QVBoxLayout(result)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(CARD)
    return result


def _scrolling(content: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setWidget(content)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    if content.maximumWidth() == content.minimumWidth():
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFixedWidth(content.minimumWidth() + _BAR)
    return area
