"""Which classifier, and with which of its own parameters."""

import sklearn.datasets
import sklearn.ensemble
import sklearn.model_selection
import sklearn.svm


def objective(trial):
    iris = sklearn.datasets.load_iris()
    name = trial.suggest_categorical("classifier", ["SVC", "RandomForest"])
    if name == "SVC":
        svc_c = trial.suggest_float("svc_c", 1e-10, 1e10, log=True)
        model = sklearn.svm.SVC(C=svc_c, gamma="auto")
    else:
        depth = trial.suggest_int("rf_max_depth", 2, 32, log=True)
        features = trial.suggest_categorical("rf_max_features", ["sqrt", "log2", None])
        model = sklearn.ensemble.RandomForestClassifier(
            max_depth=depth, max_features=features, n_estimators=10, random_state=0
        )
    score = sklearn.model_selection.cross_val_score(model, iris.data, iris.target, n_jobs=1, cv=3)
    return score.mean()


if __name__ == "__main__":
    import optuna

    optuna.create_study(direction="maximize").optimize(objective, n_trials=100)
