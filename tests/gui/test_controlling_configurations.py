"""A configuration that is added by hand to a study that has begun."""

from engine.events import StudyState
from engine.space import Categorical, Float, SearchSpace, When
from gui.pages.run.configuration_dialog import ConfigurationDialog
from tests.gui.controlled import asked, enter, params, put, type_into
from tests.gui.made_up import made


def open_configuration(program):
    program.window.commands.add_configuration.trigger()
    return program.window.findChild(ConfigurationDialog)


def test_that_a_configuration_starts_from_the_selected_trial_and_is_added(qtbot, program, entry):
    enter(entry, StudyState.RUNNING)
    put(entry, made(0, params(entry, 3)), made(1, params(entry, 4)))
    entry.model.select(1)
    dialog = open_configuration(program)
    assert dialog.params == params(entry, 4)
    assert "Trial 1 has this configuration" in dialog.remark.text()
    type_into(dialog.fields["lr"].editor, "0.0123")
    assert "runs next" in dialog.remark.text()
    dialog.yes.click()
    wanted = {**params(entry, 4), "lr": 0.0123}
    asked(qtbot, entry, f"enqueue {wanted}")


def test_that_a_configuration_can_start_from_the_best_trial_or_the_defaults(program, entry):
    put(entry, made(0, params(entry, 3), 0.1), made(1, params(entry, 4), 0.2))
    entry.model.select(None)
    dialog = open_configuration(program)
    assert dialog.params == params(entry, 3)
    assert [text for text, _ in dialog.start.choices()] == ["trial 0 (the best)", "the defaults"]
    dialog.start.edited.emit(-1)
    assert dialog.params == entry.model.spec.space.default()
    dialog.reject()


def test_that_a_value_outside_the_space_is_said_beside_its_field(program, entry):
    dialog = open_configuration(program)
    for text, said in (("7", "0.1"), ("much", "number"), ("", "is missing; give one.")):
        type_into(dialog.fields["lr"].editor, text)
        assert said in dialog.fields["lr"].problem
        assert not dialog.yes.isEnabled()
        assert dialog.params is None
    type_into(dialog.fields["lr"].editor, "1e-3")
    assert dialog.fields["lr"].problem == ""
    assert dialog.yes.isEnabled()
    dialog.reject()


def test_that_parameters_without_a_part_cannot_be_edited_and_are_left_out(program, entry):
    space = SearchSpace(
        [
            Float("lr", 1e-5, 1e-1, log=True),
            Categorical("optimizer", ("sgd", "adam")),
            Float("momentum", 0.0, 0.99, when=When("optimizer", ("sgd",))),
        ]
    )
    entry.study.change(space=space)
    entry.bridge.drain()
    dialog = open_configuration(program)
    momentum = dialog.fields["momentum"]
    assert momentum.editor.isEnabled()
    dialog.fields["optimizer"].editor.edited.emit("adam")
    assert not momentum.editor.isEnabled()
    assert momentum._note.text() == "only when optimizer = sgd"
    assert list(dialog.params) == ["lr", "optimizer"]
    dialog.reject()
