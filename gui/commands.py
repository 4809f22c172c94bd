"""What the menus and shortcuts offer. Who carries a command out connects to its `triggered`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from gui.models.trial_commands import REPEAT, SEEDS, TEXTS, TIPS, TrialCommand
from gui.theme import CALM_VALUE_MAP, VALUE_MAP, chosen_scheme, value_map
from gui.widgets.rail import PLACES

_SCHEMES = (("system", "As the system"), ("light", "Light"), ("dark", "Dark"))
_VALUE_MAPS = ((VALUE_MAP, "Viridis"), (CALM_VALUE_MAP, "Cividis: blue to yellow"))
_WHEN_TAKEN = (("ask", "Ask each time"), ("wait", "Wait"), ("share", "Share them"))

_OF_TRIAL = {
    TrialCommand.CANCEL: "Ctrl+Shift+X",
    TrialCommand.CONTINUE: "Ctrl+Shift+G",
    TrialCommand.AGAIN: "Ctrl+Shift+R",
    **dict.fromkeys(SEEDS, ""),
    TrialCommand.COPY: "Ctrl+Shift+C",
    TrialCommand.OUTPUT: "Ctrl+L",
}


class Commands(QObject):
    """One QAction for each command of the window."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.new = self._action("New study", "Ctrl+N", "Design a new study")
        self.open = self._action("Open…", "Ctrl+O", "Open a study (.tune) or a spec (.toml)")
        self.save = self._action("Save spec", "Ctrl+S", "Save what is designed as a TOML file")
        self.save_as = self._action("Save spec as…", "Ctrl+Shift+S", "Save it under another name")
        self.close_study = self._action("Close study", "Ctrl+W", "Close the study that is shown")
        self.quit = self._action("Quit", "Ctrl+Q", "Close Tunescape")
        self.quit.setMenuRole(QAction.MenuRole.QuitRole)
        self.run = self._action("Run", "Ctrl+R", "Run what is designed, or go on with the study")
        self.pause = self._action("Pause or resume", "Ctrl+P", "Start no new trials, or go on")
        self.pause_now = self._action(
            "Pause now", "Ctrl+Shift+P", "Interrupt running trials, which go on when resumed"
        )
        self.stop = self._action("Stop and keep", "Ctrl+.", "Stop the study, keep what was found")
        self.extend = self._action(
            "Add trials…", "", "Go on with a study that has ended, for some more trials"
        )
        self.add_configuration = self._action(
            "Add a configuration…", "Ctrl+Shift+N", "Run a configuration of your own next"
        )
        self.change_terms = self._action(
            "Change limits and workers…", "", "Go on by other limits, budget or number of workers"
        )
        self.change_space = self._action(
            "Change the space…", "", "Search another space from now on"
        )
        self.of_trial = {
            command: self._action(TEXTS[command], keys, TIPS[command])
            for command, keys in _OF_TRIAL.items()
        }
        self.share = self._action(
            "Share the devices now", "", "Wait no longer for the study that has them"
        )
        self.copy_design = self._action(
            "Design a variation", "", "Design a new study that starts as this one did"
        )
        self.reset_layout = self._action("Reset layout", "", "Put every panel back in its place")
        self.help = self._action("Help", "F1", "Short help, from this computer")
        self.about = self._action("About Tunescape", "", "Version and folders")
        self.about.setMenuRole(QAction.MenuRole.AboutRole)
        self.places = [
            self._action(name, f"Ctrl+{index + 1}", tip)
            for index, (name, _, tip) in enumerate(PLACES)
        ]
        self.schemes = self._choices(_SCHEMES)
        self.choose(self.schemes, chosen_scheme())
        self.value_maps = self._choices(_VALUE_MAPS)
        self.choose(self.value_maps, value_map())
        self.when_taken = self._choices(_WHEN_TAKEN)
        self.repeat_menu = QMenu(REPEAT, window)
        _fill(self.repeat_menu, *(self.of_trial[command] for command in SEEDS))
        self.recent_menu = QMenu("Open recent", window)
        self.panels_menu = QMenu("Panels", window)

    def build_menus(self, bar: QMenuBar, undo: QAction, redo: QAction) -> None:
        """Fill the menu bar."""
        _fill(bar.addMenu("&File"), self.new, self.open, self.recent_menu, None, self.save)
        _fill(_last_menu(bar), self.save_as, None, self.close_study, self.quit)
        _fill(bar.addMenu("&Edit"), undo, redo)
        study = bar.addMenu("&Study")
        _fill(study, self.run, self.pause, self.pause_now, self.stop, self.extend, None)
        _fill(study, self.add_configuration, self.change_terms, self.change_space, None, self.share)
        _fill(study.addMenu("When devices are taken"), *self.when_taken.actions())
        _fill(study, None, self.copy_design)
        _fill(bar.addMenu("&Trial"), *self._for_a_trial())
        view = bar.addMenu("&View")
        _fill(view, *self.places, None, self.panels_menu, self.reset_layout, None)
        _fill(view.addMenu("Colours"), *self.schemes.actions())
        _fill(view.addMenu("Colour map"), *self.value_maps.actions())
        _fill(bar.addMenu("&Help"), self.help, None, self.about)

    def _for_a_trial(self) -> list[QAction | QMenu]:
        """The commands about a trial in their order, those to repeat it in a menu of their own."""
        entries = (
            self.repeat_menu if command in SEEDS else action
            for command, action in self.of_trial.items()
        )
        return list(dict.fromkeys(entries))

    def set_recent(self, names: list[tuple[str, str, Callable[[], object]]]) -> None:
        """List recent studies: name, path and what opens each."""
        self.recent_menu.clear()
        for name, path, opens in names:
            action = self.recent_menu.addAction(name, opens)
            action.setToolTip(path)
            action.setStatusTip(path)
        self.recent_menu.setEnabled(bool(names))

    def set_panels(self, toggles: list[QAction]) -> None:
        """List the panels that can be shown and hidden."""
        self.panels_menu.clear()
        self.panels_menu.addActions(toggles)
        self.panels_menu.setEnabled(bool(toggles))

    def _action(self, text: str, keys: str, tip: str) -> QAction:
        action = QAction(text, self.parent())
        if keys:
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setToolTip(f"{tip} ({keys})" if keys else tip)
        return action

    @staticmethod
    def choose(group: QActionGroup, value: str) -> None:
        """Check the action of a group that stands for `value`."""
        for action in group.actions():
            action.setChecked(action.data() == value)

    def _choices(self, choices: Sequence[tuple[str, str]]) -> QActionGroup:
        group = QActionGroup(self)
        for value, text in choices:
            action = group.addAction(text)
            action.setCheckable(True)
            action.setData(value)
        return group


def _last_menu(bar: QMenuBar) -> QMenu:
    return bar.actions()[-1].menu()


def _fill(menu: QMenu, *entries: QAction | QMenu | None) -> None:
    for entry in entries:
        if entry is None:
            menu.addSeparator()
        elif isinstance(entry, QMenu):
            menu.addMenu(entry)
        else:
            menu.addAction(entry)
