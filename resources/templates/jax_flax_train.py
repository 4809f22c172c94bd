# JAX/Flax: a Linen module, trained by Optax, that tells two classes of points apart.
# Edit load_data() to read your data, Network to be your module, and the search space at the top of
# objective(). Report the validation loss once an epoch; what objective() returns is what counts.
# Needs: pip install flax. A trial that is interrupted goes on from its checkpoint.

import os

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # before jax: share the GPU

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn
from flax import serialization
from flax.training.train_state import TrainState

EPOCHS = 20


def load_data():
    """Training and validation inputs and classes. Edit: read your own data."""
    random = np.random.default_rng(0)  # the same data in every trial
    x = random.normal(size=(1_000, 2)).astype(np.float32)
    y = (np.linalg.norm(x, axis=1) > 1.2).astype(np.int32)
    return (x[:800], y[:800]), (x[800:], y[800:])


class Network(nn.Module):
    """Edit: your own module."""

    width: int
    depth: int

    @nn.compact
    def __call__(self, x):
        for _ in range(self.depth):
            x = nn.relu(nn.Dense(self.width)(x))
        return nn.Dense(2)(x)


def loss_of(params, apply, x, y):
    logits = apply({"params": params}, x)
    return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()


@jax.jit
def train_step(state, x, y):
    return state.apply_gradients(grads=jax.grad(loss_of)(state.params, state.apply_fn, x, y))


@jax.jit
def evaluate(state, x, y):
    return loss_of(state.params, state.apply_fn, x, y)


def objective(trial):
    # Edit: the search space.
    network = Network(
        width=trial.suggest_int("width", 8, 256, log=True),
        depth=trial.suggest_int("depth", 1, 4),
    )
    optimizer = optax.adamw(
        trial.suggest_float("lr", 1e-4, 1e-1, log=True),
        weight_decay=trial.suggest_float("weight_decay", 1e-6, 1e-2, log=True),
    )
    batch_size = trial.suggest_int("batch_size", 16, 256, log=True)
    device = jax.devices("gpu" if trial.device.startswith("cuda") else "cpu")[0]
    with jax.default_device(device):
        return train(trial, network, optimizer, batch_size)


def train(trial, network, optimizer, batch_size):
    """The validation loss of the last epoch."""
    (x, y), (val_x, val_y) = load_data()
    params = network.init(jax.random.PRNGKey(trial.seed), jnp.zeros((1, 2)))["params"]
    state = TrainState.create(apply_fn=network.apply, params=params, tx=optimizer)
    checkpoint = os.path.join(trial.checkpoint_dir, "last.msgpack")
    saved = load_checkpoint(checkpoint, {"state": state, "epoch": 0})
    state, first_epoch = saved["state"], int(saved["epoch"]) + 1
    val_loss = float(evaluate(state, val_x, val_y))

    for epoch in range(first_epoch, EPOCHS + 1):
        order = np.random.default_rng([trial.seed, epoch]).permutation(len(x))
        for start in range(0, len(x) - batch_size + 1, batch_size):
            rows = order[start : start + batch_size]
            state = train_step(state, x[rows], y[rows])
        val_loss = float(evaluate(state, val_x, val_y))
        save_checkpoint(checkpoint, {"state": state, "epoch": epoch})
        trial.report(val_loss, epoch)
        if trial.should_prune():
            break
    return val_loss


def save_checkpoint(path, saved):
    with open(path + ".new", "wb") as file:
        file.write(serialization.to_bytes(saved))
    os.replace(path + ".new", path)  # never half written


def load_checkpoint(path, template):
    """What was saved, in the form of `template`; that itself where there is no checkpoint."""
    if not os.path.exists(path):
        return template
    with open(path, "rb") as file:
        return serialization.from_bytes(template, file.read())
