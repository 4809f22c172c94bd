"""Reports each step, and gives up where it is told to."""

import numpy as np
import optuna
from sklearn.datasets import load_iris
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split

X, y = load_iris(return_X_y=True)
X_train, X_valid, y_train, y_valid = train_test_split(X, y)
classes = np.unique(y)


def objective(trial):
    alpha = trial.suggest_float("alpha", 1e-6, 1.0, log=True)
    classifier = SGDClassifier(alpha=alpha, random_state=0)
    for step in range(20):
        classifier.partial_fit(X_train, y_train, classes=classes)
        trial.report(classifier.score(X_valid, y_valid), step)
        if trial.should_prune():
            raise optuna.TrialPruned()
    return classifier.score(X_valid, y_valid)


if __name__ == "__main__":
    optuna.create_study(direction="maximize").optimize(objective, n_trials=20)
