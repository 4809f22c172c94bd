# scikit-learn: a classifier of handwritten digits, a data set that comes with scikit-learn.
# Edit load_data() to read your data, the search space at the top of objective(), and the model.
# Without a device of its own, scikit-learn runs on the trial's share of the CPU cores. A model that
# cannot be fitted bit by bit, with partial_fit(), needs no loop: fit it and return the loss.

from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

EPOCHS = 20


def load_data():
    """Training and validation inputs and classes. Edit: read your own data."""
    x, y = load_digits(return_X_y=True)
    x, val_x, y, val_y = train_test_split(x, y, test_size=0.25, random_state=0, stratify=y)
    scaler = StandardScaler().fit(x)
    return scaler.transform(x), y, scaler.transform(val_x), val_y


def objective(trial):
    # Edit: the search space and the model.
    model = MLPClassifier(
        hidden_layer_sizes=(trial.suggest_int("width", 16, 256, log=True),),
        activation=trial.suggest_categorical("activation", ["relu", "tanh"]),
        learning_rate_init=trial.suggest_float("lr", 1e-4, 1e-1, log=True),
        alpha=trial.suggest_float("alpha", 1e-6, 1e-1, log=True),
        batch_size=trial.suggest_int("batch_size", 16, 256, log=True),
        random_state=trial.seed,
    )
    x, y, val_x, val_y = load_data()
    print(f"trial {trial.number} on {trial.device}: {len(x)} rows to train on")

    for epoch in range(1, EPOCHS + 1):
        model.partial_fit(x, y, classes=range(10))
        val_loss = log_loss(val_y, model.predict_proba(val_x))
        trial.report(val_loss, epoch)
        if trial.should_prune():
            break
    return val_loss
