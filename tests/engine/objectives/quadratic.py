"""The first objective that anyone writes, not guarded by __main__ as the first ones are not."""

import optuna


def objective(trial):
    x = trial.suggest_float("x", -10, 10)
    y = trial.suggest_uniform("y", 0.0, 1.0)
    return (x - 2) ** 2 + y


study = optuna.create_study()
study.optimize(objective, n_trials=100)
print(study.best_params)
