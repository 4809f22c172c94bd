"""How a study stands, as sentences: what the Run and the Results page say about it."""

from __future__ import annotations

from engine.analysis.cost import words
from engine.events import StopReason, StudyState
from engine.trial import TrialState
from gui.models.study_model import StudyModel
from gui.models.study_times import saved_seconds
from gui.numbers import count, number


def sentence(model: StudyModel) -> str:
    """What there is to know or to decide; empty while the study simply runs."""
    if model.read_only_because:
        return f"{model.read_only_because} You can look, but not go on with it here."
    match model.state:
        case StudyState.NEW:
            return "Not started yet."
        case StudyState.WAITING if model.is_held_up:
            return model.message or "Waiting until another study lets go of the devices."
        case StudyState.RUNNING if model.suggestion:
            return model.suggestion
        case StudyState.RUNNING if model.is_starting:
            what = "a worker" if model.workers == 1 else f"{model.workers} workers"
            return f"Starting {what}: PyTorch and the data are loaded once, before the first trial."
        case StudyState.PAUSED:
            if model.reason is StopReason.ERROR:
                return model.message
            return f"Paused: no new trials start. {model.message}".rstrip()
        case StudyState.STOPPING:
            return model.message or "Stopping: running trials are ended and keep what they have."
        case StudyState.STOPPED:
            return _stopped(model)
        case StudyState.FINISHED:
            return how_it_ended(model)
    return ""


def how_it_ended(model: StudyModel) -> str:
    """Why a finished study stopped, in one sentence."""
    if model.message:
        return model.message
    done, _ = model.progress()
    budget = model.spec.budget
    return {
        StopReason.TRIALS: f"All {count(done)} trials are done.",
        StopReason.SECONDS: f"The time is up: {words(budget.seconds or model.elapsed())}.",
        StopReason.TARGET: f"The target is reached: {number(budget.target)}.",
        StopReason.EXHAUSTED: f"Every configuration of the space was tried: {count(done)}.",
        StopReason.USER: f"Stopped by you after {count(done)} trials.",
    }.get(model.reason, f"Ended after {count(done)} trials.")


def done_of_planned(model: StudyModel) -> str:
    """ "14 of 25 trials", or "14 trials" where there is no end in sight."""
    done, planned = model.progress()
    return (
        f"{count(done)} trials" if planned is None else f"{count(done)} of {count(planned)} trials"
    )


def alike_words(model: StudyModel) -> str:
    """What many trials failed of; nothing where the study has stopped because of it and says so."""
    if model.common_failure is None or model.reason is StopReason.FAILURES:
        return ""
    return model.common_failure.sentence


def tally(model: StudyModel) -> str:
    """How many trials run, failed, ...: what is not simply complete."""
    states = (TrialState.RUNNING, TrialState.FAILED, TrialState.CANCELLED, TrialState.PRUNED)
    parts = [f"{n} {state.value}" for state in states if (n := model.count(state))]
    if saved := _saved(model):
        parts[-1] += f", which {saved}"
    gain = None if model.foreseen is None or model.suggestion else model.foreseen.hour
    if gain is not None:
        parts.append(f"expected gain ≤ {number(gain)}/h")
    return " · ".join(parts)


def saved_words(model: StudyModel) -> str:
    """How many trials were stopped early, and what that saved; empty where none was."""
    stopped = model.count(TrialState.PRUNED)
    if not stopped:
        return ""
    were = "1 trial was" if stopped == 1 else f"{count(stopped)} trials were"
    saved = _saved(model)
    return f"{were} stopped early{saved and f', which {saved}'}."


def _saved(model: StudyModel) -> str:
    saved = saved_seconds(model)
    return f"saved about {words(saved)}" if saved >= 1.0 else ""


def _stopped(model: StudyModel) -> str:
    done = done_of_planned(model)
    match model.reason:
        case StopReason.USER:
            return f"Stopped: {done} are done. Go on?"
        case StopReason.ERROR | StopReason.FAILURES | StopReason.SETTLED:
            why = (model.message or "Stopped by an error").rstrip(".")
            return f"{why}. {done} are done. Go on?"
    return f"Interrupted: {done} are done. Go on?"
