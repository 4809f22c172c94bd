# A plain command: any program, in any language, that prints its metrics. This one needs no library.
# Edit it, or name your own program in command_train.toml: there, {lr} and the like become a trial's
# values, and read says where the metrics are. Here each epoch prints a JSON object on a line of its
# own, such as {"epoch": 1, "val_loss": 0.5}. A trial that is interrupted goes on from --checkpoint.

import argparse
import json
import math
import os
import random

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, required=True)
parser.add_argument("--batch-size", type=int, required=True)
parser.add_argument("--optimizer", choices=["sgd", "momentum"], default="sgd")
parser.add_argument("--momentum", type=float, default=0.0)
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--checkpoint", default="")


def load_data():
    """Rows of two inputs and a class. Edit: read your own data."""
    chance = random.Random(0)  # the same data in every trial
    rows = [(chance.gauss(0, 1), chance.gauss(0, 1)) for _ in range(500)]
    return [(a, b, int(a - 2 * b + chance.gauss(0, 0.3) > 0.5)) for a, b in rows]


def predict(weights, a, b):
    return 1 / (1 + math.exp(-max(-30, min(30, weights[0] * a + weights[1] * b + weights[2]))))


def loss(weights, rows):
    chances = [predict(weights, a, b) if y else 1 - predict(weights, a, b) for a, b, y in rows]
    return -sum(math.log(max(chance, 1e-12)) for chance in chances) / len(rows)


def train_epoch(state, rows, arguments, epoch):
    weights, speed = state["weights"], state["speed"]
    random.Random(f"{arguments.seed} {epoch}").shuffle(rows)
    for start in range(0, len(rows), arguments.batch_size):
        batch = rows[start : start + arguments.batch_size]
        errors = [(predict(weights, a, b) - y, a, b) for a, b, y in batch]
        slopes = [sum(e * (a, b, 1)[k] for e, a, b in errors) / len(batch) for k in range(3)]
        for k, slope in enumerate(slopes):
            speed[k] = arguments.momentum * speed[k] - arguments.lr * slope
            weights[k] += speed[k]


def main():
    arguments = parser.parse_args()
    rows = load_data()
    state = {"epoch": 0, "weights": [0.0, 0.0, 0.0], "speed": [0.0, 0.0, 0.0]}
    if os.path.exists(arguments.checkpoint):
        with open(arguments.checkpoint, encoding="utf-8") as file:
            state = json.load(file)
    for epoch in range(state["epoch"] + 1, arguments.epochs + 1):
        train_epoch(state, rows[:400], arguments, epoch)
        metrics = {"train_loss": loss(state["weights"], rows[:400])}
        metrics["val_loss"] = loss(state["weights"], rows[400:])
        print(json.dumps({"epoch": epoch, **metrics}), flush=True)
        state["epoch"] = epoch
        if arguments.checkpoint:
            with open(arguments.checkpoint + ".new", "w", encoding="utf-8") as file:
                json.dump(state, file)
            os.replace(arguments.checkpoint + ".new", arguments.checkpoint)


if __name__ == "__main__":
    main()
