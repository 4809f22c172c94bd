# Hugging Face Trainer: a small BERT, made from its configuration, that tells two kinds of sequences
# apart. Edit load_data() to give your tokenised data, make_model() to be yours, such as
# AutoModelForSequenceClassification.from_pretrained(...), and the search space in objective().
# Needs: pip install "transformers[torch]>=4.46". Trials go on from the Trainer's own checkpoints.

import torch
from torch.utils.data import Dataset
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)
from transformers.trainer_utils import get_last_checkpoint

EPOCHS = 5
VOCABULARY, LENGTH = 50, 16


class Sequences(Dataset):
    """Random tokens; the class is whether token 1 comes up. Edit: your own tokenised data."""

    def __init__(self, rows, seed):
        generator = torch.Generator().manual_seed(seed)
        self.tokens = torch.randint(1, VOCABULARY, (rows, LENGTH), generator=generator)
        self.tokens[: rows // 2, 3] = 1
        self.labels = (self.tokens == 1).any(dim=1).long()

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, row):
        tokens = self.tokens[row]
        mask = torch.ones_like(tokens)
        return {"input_ids": tokens, "attention_mask": mask, "labels": self.labels[row]}


def load_data():
    """Training and validation data. Edit: read your own."""
    return Sequences(800, seed=0), Sequences(200, seed=1)


def make_model(layers, dropout):
    """Edit: your own model."""
    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        num_hidden_layers=layers,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=LENGTH,
        hidden_dropout_prob=dropout,
        num_labels=2,
    )
    return BertForSequenceClassification(config)


class Report(TrainerCallback):
    """Reports the validation loss once an epoch, and ends a trial that is not worth finishing."""

    def __init__(self, trial):
        self.trial = trial

    def on_evaluate(self, args, state, control, metrics=None, **kwargs):
        self.trial.report(metrics["eval_loss"], round(state.epoch))
        if self.trial.should_prune():
            control.should_training_stop = True
        return control


def objective(trial):
    # Edit: the search space.
    layers = trial.suggest_int("layers", 1, 4)
    dropout = trial.suggest_float("dropout", 0.0, 0.3)
    arguments = TrainingArguments(
        output_dir=trial.checkpoint_dir,
        learning_rate=trial.suggest_float("lr", 1e-5, 1e-2, log=True),
        weight_decay=trial.suggest_float("weight_decay", 1e-4, 1e-1, log=True),
        per_device_train_batch_size=trial.suggest_int("batch_size", 8, 64, log=True),
        lr_scheduler_type=trial.suggest_categorical("schedule", ["linear", "cosine", "constant"]),
        num_train_epochs=EPOCHS,
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=1,
        logging_strategy="epoch",
        report_to="none",
        disable_tqdm=True,
        seed=trial.seed,
        use_cpu=trial.device == "cpu",
    )
    train, validation = load_data()
    trainer = Trainer(
        model_init=lambda: make_model(layers, dropout),  # made after the seed was set
        args=arguments,
        train_dataset=train,
        eval_dataset=validation,
        callbacks=[Report(trial)],
    )
    trainer.train(resume_from_checkpoint=get_last_checkpoint(trial.checkpoint_dir))
    return trainer.evaluate()["eval_loss"]
