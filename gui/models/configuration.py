"""A configuration that is being put together by hand: a value for each parameter of a space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal

from engine.parameters import Categorical, Parameter, SpaceError
from engine.space import SearchSpace
from engine.trial import Params


class Configuration(QObject):
    """Holds a value for every parameter, also for those that play no part at the moment."""

    changed = Signal()

    def __init__(
        self, space: SearchSpace, params: Mapping[str, Any], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._space = space
        self.values: dict[str, Any] = {}
        self.start_from(params)

    def start_from(self, params: Mapping[str, Any]) -> None:
        """Take over the values of a configuration, which need not fit; the rest are defaults."""
        self.values = {p.name: params.get(p.name, self._default(p)) for p in self._space}
        self.changed.emit()

    def put(self, name: str, value: Any) -> None:
        """Change one value; None is none yet."""
        self.values[name] = value
        self.changed.emit()

    def is_active(self, name: str) -> bool:
        """Whether a parameter plays a part beside the others' values."""
        try:
            return self._space.is_active(name, self.values)
        except TypeError:  # a value that no parameter can have
            return False

    def problems(self) -> dict[str, str]:
        """What is wrong, by the parameter."""
        found = {}
        for name in filter(self.is_active, self._space.names):
            if self.values[name] is None:
                found[name] = "is missing; give one."
                continue
            try:
                self._space.domain(name).normalise(self.values[name])
            except ValueError as error:
                found[name] = f"{error}."
        return found

    def params(self) -> Params | None:
        """The configuration in its normal form; None while something is wrong."""
        active = {n: value for n, value in self.values.items() if self.is_active(n)}
        try:
            return self._space.validate(active)
        except SpaceError:
            return None

    def _default(self, parameter: Parameter) -> Any:
        if parameter.value is not None or parameter.default is not None:
            return parameter.default if parameter.value is None else parameter.value
        middle = 0.0 if isinstance(parameter, Categorical) else 0.5
        return self._space.domain(parameter.name).from_unit(middle)
