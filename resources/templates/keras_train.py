# Keras: version 3 on any backend (TensorFlow, JAX, PyTorch); a network for two classes of points.
# Edit load_data() to read your data, make_model() to be your model, and the search space in it.
# The callback reports val_loss once an epoch; name another metric there if that is what counts.
# Needs: pip install keras, and a backend. A trial that is interrupted goes on from its backup.

import os

import keras
import numpy as np

EPOCHS = 20


def load_data():
    """Training and validation inputs and classes. Edit: read your own data."""
    random = np.random.default_rng(0)  # the same data in every trial
    x = random.normal(size=(1_000, 2)).astype("float32")
    y = (np.linalg.norm(x, axis=1) > 1.2).astype("int32")
    return (x[:800], y[:800]), (x[800:], y[800:])


def make_model(trial):
    """Edit: your own model and search space."""
    width = trial.suggest_int("width", 8, 256, log=True)
    activation = trial.suggest_categorical("activation", ["relu", "gelu", "tanh"])
    model = keras.Sequential(
        [
            keras.Input(shape=(2,)),
            keras.layers.Dense(width, activation=activation),
            keras.layers.Dropout(trial.suggest_float("dropout", 0.0, 0.5)),
            keras.layers.Dense(2),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(trial.suggest_float("lr", 1e-4, 1e-1, log=True)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


class Report(keras.callbacks.Callback):
    """Reports the validation loss once an epoch, and ends a trial that is not worth finishing."""

    def __init__(self, trial):
        super().__init__()
        self.trial = trial

    def on_epoch_end(self, epoch, logs=None):
        self.trial.report(float(logs["val_loss"]), epoch + 1)
        if self.trial.should_prune():
            self.model.stop_training = True


def objective(trial):
    keras.utils.set_random_seed(trial.seed)
    train, validation = load_data()
    batch_size = trial.suggest_int("batch_size", 16, 256, log=True)
    backup = os.path.join(trial.checkpoint_dir, "backup")
    with keras.device("gpu:0" if trial.device.startswith("cuda") else "cpu:0"):
        model = make_model(trial)
        model.fit(
            *train,
            validation_data=validation,
            batch_size=batch_size,
            epochs=EPOCHS,
            verbose=0,
            callbacks=[
                keras.callbacks.BackupAndRestore(backup, delete_checkpoint=False),
                Report(trial),
            ],
        )
        return float(model.evaluate(*validation, batch_size=200, verbose=0))
