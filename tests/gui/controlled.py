"""The program with one study open that has begun, a stand-in, and what happens to its trials."""

from contextlib import contextmanager

from engine.events import StudyStateChanged, TrialFinished, TrialStarted
from engine.trial import TrialState
from tests.gui.stand_in import StandInDevices
from tests.gui.windows import program_in


@contextmanager
def program_with_study(qtbot, folder):
    """The program, whose current study is the one that is open."""
    with program_in(folder, StandInDevices().door()) as program:
        (folder / "old.tune").touch()
        program.open(folder / "old.tune")
        qtbot.waitUntil(lambda: program.studies.current is not None)
        yield program


def enter(entry, state):
    """Have the study come to a state."""
    entry.model.apply([StudyStateChanged(state)])


def put(entry, *trials):
    """Have trials happen; the first one is selected."""
    entry.model.apply([TrialStarted(trial) for trial in trials])
    entry.model.apply([TrialFinished(t) for t in trials if t.state is not TrialState.RUNNING])
    entry.model.select(trials[0].number)


def params(entry, index=0):
    """The configuration of this number on the grid."""
    return entry.model.spec.space.grid_at(index)


def asked(qtbot, entry, command):
    """Wait until the study has been asked for something."""
    qtbot.waitUntil(lambda: command in entry.study.commands)


def type_into(editor, text):
    """Type into a field of a form."""
    editor.setText(text)
    editor.textEdited.emit(text)
