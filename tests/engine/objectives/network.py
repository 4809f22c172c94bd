"""A network whose number of layers decides which widths there are, fed by a DataLoader."""

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 2


def data():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(64, 8, generator=generator)
    return TensorDataset(x, (x.sum(dim=1) > 0).long())


def define_model(trial):
    layers, width = [], 8
    for i in range(trial.suggest_int("n_layers", 1, 3)):
        out = trial.suggest_int(f"n_units_l{i}", 4, 128)
        layers += [nn.Linear(width, out), nn.ReLU()]
        layers.append(nn.Dropout(trial.suggest_float(f"dropout_l{i}", 0.2, 0.5)))
        width = out
    return nn.Sequential(*layers, nn.Linear(width, 2))


def objective(trial):
    model = define_model(trial)
    name = trial.suggest_categorical("optimizer", ["Adam", "RMSprop", "SGD"])
    lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    optimizer = getattr(optim, name)(model.parameters(), lr=lr)
    loader = DataLoader(data(), batch_size=16, shuffle=True, num_workers=1)
    for epoch in range(EPOCHS):
        correct = 0
        for x, y in loader:
            optimizer.zero_grad()
            out = model(x)
            nn.functional.cross_entropy(out, y).backward()
            optimizer.step()
            correct += (out.argmax(dim=1) == y).sum().item()
        trial.report(correct / 64, epoch)
    return torch.tensor(correct / 64)
