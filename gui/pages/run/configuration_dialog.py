"""A dialog that puts together a configuration by hand: one editor a parameter."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QScrollArea, QWidget

from engine.parameters import Categorical, Parameter, When
from engine.trial import Params
from gui.models.cells import condition_text, parse_value, value_text
from gui.models.configuration import Configuration
from gui.models.study_model import StudyModel
from gui.numbers import exact
from gui.theme import CARD, CONTROL
from gui.widgets.fields import ChoiceField, Field, ParsedField
from gui.widgets.form_dialog import FormDialog

_CHARACTERS = 76
_MOST_ROWS = 7
_DEFAULTS = -1


class ConfigurationDialog(FormDialog):
    """Starts from a trial or from the defaults; `params` is what was put together."""

    def __init__(self, parent: QWidget, model: StudyModel, number: int | None = None) -> None:
        super().__init__(parent, "Add a configuration", "Add")
        self._model = model
        self._space = model.spec.space
        number = self._preferred() if number is None else number
        self.configuration = Configuration(self._space, self._params_of(number), self)
        self.start = ChoiceField(self._starts(number))
        self.start.put(number)
        self.start.edited.connect(lambda n: self.configuration.start_from(self._params_of(n)))
        self.fields = {parameter.name: self._field(parameter) for parameter in self._space}
        self.content.addWidget(Field("Start from", self.start))
        self.content.addWidget(self._scrolled_fields(), 1)
        next(iter(self.fields.values())).editor.setFocus()
        self.be_wide(_CHARACTERS)
        self.configuration.changed.connect(self.refresh)
        self.refresh()

    @property
    def params(self) -> Params | None:
        """The configuration; None while something is wrong with it."""
        return self.configuration.params()

    def refresh(self) -> None:
        """Show all values, what is wrong with them, and what plays no part."""
        problems = self.configuration.problems()
        for parameter in self._space:
            name, field = parameter.name, self.fields[parameter.name]
            field.editor.put(self.configuration.values[name])
            is_active = self.configuration.is_active(name)
            field.editor.setEnabled(is_active and parameter.value is None)
            field.set_problem(problems.get(name, ""))
            field.set_note("" if is_active else _when(parameter))
        params = self.params
        name = next(iter(problems), "")
        if name:
            self.allow(False, f"✕ {name} {problems[name]}", "bad")
        else:
            self.allow(params is not None, self._known(params))

    def _known(self, params: Params | None) -> str:
        """Whether a configuration was tried already."""
        tried = [t.number for t in self._model.trials.values() if t.params == params]
        if not tried:
            return "It runs next, as soon as a worker is free."
        return f"Trial {tried[0]} has this configuration; it is run once more, by another seed."

    # -- where it starts ------------------------------------------------------------------------

    def _preferred(self) -> int:
        best = self._model.best
        if self._model.selected is not None:
            return self._model.selected
        return _DEFAULTS if best is None else best.number

    def _starts(self, number: int) -> list[tuple[str, int]]:
        best = self._model.best
        numbers = dict.fromkeys([number, *([] if best is None else [best.number])])
        starts = [
            (f"trial {n}{' (the best)' if best and n == best.number else ''}", n)
            for n in numbers
            if n != _DEFAULTS
        ]
        return [*starts, ("the defaults", _DEFAULTS)]

    def _params_of(self, number: int) -> Params:
        if number == _DEFAULTS:
            return self._space.default()
        return self._model.trials[number].params

    # -- building -------------------------------------------------------------------------------

    def _field(self, parameter: Parameter) -> Field:
        if isinstance(parameter, Categorical) and parameter.value is None:
            editor = ChoiceField([(exact(choice), choice) for choice in parameter.choices])
        else:
            editor = ParsedField(partial(_parse, parameter), value_text)
        editor.edited.connect(lambda value: self.configuration.put(parameter.name, value))
        return Field(parameter.name, editor, _range(parameter))

    def _scrolled_fields(self) -> QWidget:
        content = QWidget()
        grid = QGridLayout(content)
        grid.setContentsMargins(0, 0, CONTROL, 0)
        grid.setHorizontalSpacing(CARD)
        grid.setVerticalSpacing(CONTROL)
        fields = list(self.fields.values())
        for place, field in enumerate(fields):
            grid.addWidget(field, place // 2, place % 2)
        for column in (0, 1):
            grid.setColumnStretch(column, 1)
        area = QScrollArea(widgetResizable=True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        content.setAutoFillBackground(False)
        rows = min(_MOST_ROWS, (len(fields) + 1) // 2)
        area.setMinimumHeight(rows * (fields[0].sizeHint().height() + CONTROL))
        return area


def _parse(parameter: Parameter, text: str) -> object:
    return parse_value(text, parameter)


def _range(parameter: Parameter) -> str:
    """What values there are, for a tooltip."""
    if parameter.value is not None:
        return "Fixed for every trial"
    if isinstance(parameter, Categorical):
        return value_text(tuple(parameter.choices))
    scale = ", on a log scale" if parameter.log else ""
    return f"From {value_text(parameter.low)} to {value_text(parameter.high)}{scale}"


def _when(parameter: Parameter) -> str:
    """When a parameter that plays no part would."""
    when = parameter.when
    if not isinstance(when, When):
        return ""
    return f"only when {condition_text(when.parameter, tuple(when.values))}"
