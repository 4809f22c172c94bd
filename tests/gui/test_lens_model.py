"""The way from panels to the lens and back: what is asked again, and what is not passed on."""

import threading

import numpy as np
import pytest

from engine.analysis.views import LensProblem, MapRequest, MapView, SlicesRequest, WhyRequest
from engine.events import TrialFinished, TrialStarted
from engine.lens import Lens
from gui.models.lens_model import LensModel
from gui.models.study_model import StudyModel
from tests.gui.made_up import grid_trials, running, snapshot, spec_of
from tests.gui.stand_in import StandInLens

MAP = MapRequest("lr", "batch_size")


def view_of(request, upto=10):
    layer = np.zeros((4, 4))
    return MapView(request, upto, layer, layer, layer, layer, None)


@pytest.fixture
def study(qapp):
    return StudyModel(snapshot(trials=grid_trials(10)))


@pytest.fixture
def made():
    """The lenses that were made."""
    return []


@pytest.fixture
def lens(study, made):
    def make(spec, deliver):
        made.append(StandInLens(deliver))
        return made[-1]

    lens = LensModel(study, make)
    yield lens
    lens.close()


@pytest.fixture
def views(lens):
    arrived = []
    lens.viewArrived.connect(arrived.append)
    return arrived


def more(study, number=10):
    params = spec_of().space.grid_at(number)
    study.apply([TrialStarted(running(number, params)), TrialFinished(grid_trials(25)[number])])


def test_that_nothing_is_made_before_anything_is_asked(lens, study, made):
    more(study)
    assert made == []
    lens.request(MAP)
    assert len(made) == 1
    assert made[0].told == [list(range(11))]
    assert made[0].asked == [MAP]


def test_that_a_view_arrives_on_the_ui_thread(qtbot, lens, made):
    threads = []
    lens.viewArrived.connect(lambda _: threads.append(threading.get_ident()))
    lens.request(MAP)
    reader = threading.Thread(target=made[0].deliver, args=(view_of(MAP),))
    reader.start()
    reader.join()
    assert threads == []
    qtbot.waitUntil(lambda: threads == [threading.get_ident()])


def test_that_news_are_gathered_and_only_the_present_is_asked_again(qtbot, lens, study, made):
    past, why = SlicesRequest(upto=4), WhyRequest(3)
    for request in (MAP, past, why):
        lens.request(request)
    for number in (10, 11, 12):
        more(study, number)
        lens.request(MAP)
    qtbot.waitUntil(lambda: len(made[0].told) == 2)
    assert made[0].told[1] == [10, 11, 12]
    assert made[0].asked == [MAP, past, why, MAP]


def test_that_when_a_trial_starts_only_what_looks_ahead_is_asked_again(qtbot, lens, study, made):
    lens.request(MAP)
    lens.request(SlicesRequest())
    lens.request(WhyRequest(None))
    study.apply([TrialStarted(running(10, spec_of().space.grid_at(10)))])
    qtbot.waitUntil(lambda: len(made[0].told) == 2)
    assert made[0].asked == [MAP, SlicesRequest(), WhyRequest(None), MAP, WhyRequest(None)]


def test_that_a_trial_that_starts_changes_nothing_of_the_past(qtbot, lens, study, made):
    past = MapRequest(MAP.x, MAP.y, upto=4)
    lens.request(past)
    lens.request(WhyRequest(3))
    study.apply([TrialStarted(running(10, spec_of().space.grid_at(10)))])
    qtbot.waitUntil(lambda: len(made[0].told) == 2)
    assert made[0].asked == [past, WhyRequest(3)]


def test_that_a_trial_is_known_before_it_is_asked_about(lens, study, made):
    lens.request(MAP)
    study.apply([TrialStarted(running(10, spec_of().space.grid_at(10)))])
    lens.request(WhyRequest(10))
    assert made[0].told[1] == [10]
    assert made[0].asked == [MAP, WhyRequest(10)]


def test_that_what_is_forgotten_is_not_asked_again_and_not_passed_on(
    qtbot, lens, study, made, views
):
    lens.request(MAP)
    lens.forget(MapRequest)
    more(study)
    made[0].deliver(view_of(MAP))
    qtbot.waitUntil(lambda: len(made[0].told) == 2)
    assert made[0].asked == [MAP]
    assert views == []


def test_that_a_problem_stands_until_there_is_a_view(qtbot, lens, made, views):
    sentences = []
    lens.problemChanged.connect(sentences.append)
    lens.request(MAP)
    made[0].deliver(LensProblem(MAP, "The model needs 3 finished trials; there are 2."))
    qtbot.waitUntil(lambda: lens.problem != "")
    assert lens.problem_of(MapRequest) == lens.problem
    assert lens.problem_of(SlicesRequest) == ""
    made[0].deliver(view_of(MAP))
    qtbot.waitUntil(lambda: len(views) == 1)
    assert sentences == ["The model needs 3 finished trials; there are 2.", ""]


def test_that_the_process_rests_when_nothing_is_wanted_for_long_and_comes_back(
    qtbot, lens, study, made
):
    lens._rest.setInterval(20)
    lens.request(MAP)
    lens.forget(MapRequest)
    qtbot.waitUntil(lambda: made[0].closed)
    more(study)
    lens.request(MAP)
    assert made[1].told == [list(range(11))]
    assert made[1].asked == [MAP]


def test_that_the_real_lens_shows_a_study_that_goes_on(qtbot, study):
    real = LensModel(study, Lens)
    arrived = []
    real.viewArrived.connect(arrived.append)
    real.request(MAP)
    qtbot.waitUntil(lambda: len(arrived) == 1, timeout=20_000)
    assert arrived[0].upto == 10
    more(study)
    qtbot.waitUntil(lambda: len(arrived) == 2, timeout=20_000)
    assert arrived[1].upto == 11
    assert arrived[1].mean.shape == (64, 64)
    real.close()


def test_that_a_closed_one_lets_the_process_go_and_says_no_more(qtbot, lens, study, made, views):
    lens.request(MAP)
    lens.close()
    assert made[0].closed
    made[0].deliver(view_of(MAP))
    more(study)
    lens.request(MAP)
    qtbot.wait(300)
    assert views == []
    assert made[0].asked == [MAP]
    assert len(made[0].told) == 1
