"""An objective whose study is kept in a database, as soon as the script is run or imported."""

import optuna


def objective(trial):
    return trial.suggest_float("x", 0, 1) ** 2


study = optuna.create_study(storage="sqlite:///trials.db", study_name="mine")
study.enqueue_trial({"x": 0.5})
study.optimize(objective, n_trials=100)
