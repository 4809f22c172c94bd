# PyTorch: a network trained on two spirals.
# Edit load_data() to read your data, Network to be your model, and the search space at the top of
# objective(). Report the validation loss once an epoch; what objective() returns is what counts.
# A trial that is interrupted goes on from its checkpoint; drop those lines if yours are short.

import math
import os

import torch
from torch import nn

EPOCHS = 30


def load_data(device):
    """Training and validation inputs (n, 2) and classes (n,). Edit: read your own data."""
    generator = torch.Generator().manual_seed(0)  # the same data in every trial
    turn = torch.rand(1_000, generator=generator) * 3 * math.pi
    arm = torch.arange(1_000) % 2
    x = torch.stack([torch.cos(turn + arm * math.pi), torch.sin(turn + arm * math.pi)], dim=1)
    x = x * turn[:, None] / 6 + 0.1 * torch.randn(1_000, 2, generator=generator)
    x, arm = x.to(device), arm.to(device)
    return (x[:800], arm[:800]), (x[800:], arm[800:])


class Network(nn.Sequential):
    """Edit: your own model."""

    def __init__(self, width, depth, dropout):
        layers = [nn.Linear(2, width), nn.ReLU()]
        for _ in range(depth - 1):
            layers += [nn.Linear(width, width), nn.ReLU(), nn.Dropout(dropout)]
        super().__init__(*layers, nn.Linear(width, 2))


def objective(trial):
    # Edit: the search space.
    lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    weight_decay = trial.suggest_float("weight_decay", 1e-6, 1e-2, log=True)
    batch_size = trial.suggest_int("batch_size", 16, 256, log=True)
    width = trial.suggest_int("width", 8, 128, log=True)
    depth = trial.suggest_int("depth", 1, 4)
    dropout = trial.suggest_float("dropout", 0.0, 0.5)

    torch.manual_seed(trial.seed)
    (x, y), (val_x, val_y) = load_data(trial.device)
    model = Network(width, depth, dropout).to(trial.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=weight_decay)
    loss_of = nn.CrossEntropyLoss()
    checkpoint = os.path.join(trial.checkpoint_dir, "last.pt")
    first_epoch, val_loss = load_checkpoint(checkpoint, model, optimizer, trial.device)

    for epoch in range(first_epoch, EPOCHS + 1):
        torch.manual_seed(trial.seed + epoch)  # so that it does not matter where it was interrupted
        model.train()
        for rows in torch.randperm(len(x)).to(trial.device).split(batch_size):
            optimizer.zero_grad()
            loss_of(model(x[rows]), y[rows]).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            val_loss = loss_of(model(val_x), val_y).item()
        save_checkpoint(checkpoint, model, optimizer, epoch, val_loss)
        trial.report(val_loss, epoch)
        if trial.should_prune():
            break
    return val_loss


def save_checkpoint(path, model, optimizer, epoch, val_loss):
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save({**state, "epoch": epoch, "val_loss": val_loss}, path + ".new")
    os.replace(path + ".new", path)  # never half written


def load_checkpoint(path, model, optimizer, device):
    """The epoch to go on with, and the loss so far; without a checkpoint the first, and none."""
    if not os.path.exists(path):
        return 1, math.nan
    state = torch.load(path, map_location=device, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return state["epoch"] + 1, state["val_loss"]
