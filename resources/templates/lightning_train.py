# Lightning: a LightningModule trained by its Trainer on two classes of points.
# Edit load_data() to give your data loaders, Model to be your module, and the search space at the
# top of objective(). The module must log the metric that is reported, here val_loss.
# Needs: pip install lightning. A trial that is interrupted goes on from its last checkpoint.

import os

import lightning
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 20


def load_data(batch_size):
    """Data loaders for training and validation. Edit: read your own data."""
    generator = torch.Generator().manual_seed(0)  # the same data in every trial
    x = torch.randn(1_000, 2, generator=generator)
    y = (x.norm(dim=1) > 1.2).long()
    train, validation = TensorDataset(x[:800], y[:800]), TensorDataset(x[800:], y[800:])
    return DataLoader(train, batch_size, shuffle=True), DataLoader(validation, batch_size=200)


class Model(lightning.LightningModule):
    """Edit: your own module."""

    def __init__(self, lr, weight_decay, width, dropout):
        super().__init__()
        self.save_hyperparameters()
        self.network = nn.Sequential(
            nn.Linear(2, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, 2)
        )

    def training_step(self, batch, batch_idx):
        x, y = batch
        return nn.functional.cross_entropy(self.network(x), y)

    def validation_step(self, batch, batch_idx):
        x, y = batch
        self.log("val_loss", nn.functional.cross_entropy(self.network(x), y))

    def configure_optimizers(self):
        return torch.optim.AdamW(
            self.parameters(), lr=self.hparams.lr, weight_decay=self.hparams.weight_decay
        )


class Report(Callback):
    """Reports the validation loss once an epoch, and ends a trial that is not worth finishing."""

    def __init__(self, trial):
        self.trial, self.val_loss = trial, float("nan")

    def on_validation_end(self, trainer, pl_module):
        self.val_loss = trainer.callback_metrics["val_loss"].item()
        self.trial.report(self.val_loss, trainer.current_epoch + 1)
        if self.trial.should_prune():
            trainer.should_stop = True

    def state_dict(self):
        return {"val_loss": self.val_loss}

    def load_state_dict(self, state_dict):
        self.val_loss = state_dict["val_loss"]


def objective(trial):
    lightning.seed_everything(trial.seed, workers=True)
    # Edit: the search space.
    model = Model(
        lr=trial.suggest_float("lr", 1e-4, 1e-1, log=True),
        weight_decay=trial.suggest_float("weight_decay", 1e-6, 1e-2, log=True),
        width=trial.suggest_int("width", 8, 256, log=True),
        dropout=trial.suggest_float("dropout", 0.0, 0.5),
    )
    train, validation = load_data(trial.suggest_int("batch_size", 16, 256, log=True))

    report = Report(trial)
    checkpoints = ModelCheckpoint(trial.checkpoint_dir, "last", enable_version_counter=False)
    trainer = lightning.Trainer(
        max_epochs=EPOCHS,
        accelerator="gpu" if trial.device.startswith("cuda") else trial.device,
        devices=1,
        callbacks=[report, checkpoints],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    last = os.path.join(trial.checkpoint_dir, "last.ckpt")
    trainer.fit(model, train, validation, ckpt_path=last if os.path.exists(last) else None)
    return report.val_loss
