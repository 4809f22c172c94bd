"""Cutting rows into a training, a validation and a test part, always the same way.

Every function returns part codes (n,), indices into dataset.PARTS. The cut depends on the rows
alone, never on the study's seed, so that trials and studies can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.tasks.dataset import PARTS, Array, DataError
from engine.tasks.settings import SplitSettings

TRAIN, VALIDATION, TEST = range(3)
FEWEST_ROWS = 10
_SEED = 1797
_STRATA_OF_NUMBERS = 10
_PART_NAMES = {
    "train": TRAIN,
    "training": TRAIN,
    "val": VALIDATION,
    "valid": VALIDATION,
    "validation": VALIDATION,
    "dev": VALIDATION,
    "test": TEST,
    "testing": TEST,
}


def fractions_of(split: SplitSettings) -> tuple[float, float, float]:
    """Shares of the three parts, which sum to one; with a test file the others share the rows."""
    shares = (split.train, split.validation, 0.0 if split.file else split.test)
    named = f"train = {split.train:g}, validation = {split.validation:g}, test = {split.test:g}"
    if min(shares) < 0 or split.train <= 0 or split.validation <= 0:
        raise DataError(f"split: {named} leaves a part empty; train and validation need rows.")
    total = sum(shares)
    if not split.file and abs(total - 1) > 1e-6:
        raise DataError(f"split: {named} sum to {total:g}; make them sum to 1.")
    return shares[0] / total, shares[1] / total, shares[2] / total


def sizes(rows: int, fractions: Sequence[float]) -> tuple[int, int, int]:
    """Rows of each part: a part that is wanted gets at least one, training gets the rest."""
    test, validation = (max(1, round(rows * f)) if f > 0 else 0 for f in reversed(fractions[1:]))
    return rows - validation - test, validation, test


def by_chance(rows: int, fractions: Sequence[float]) -> Array:
    """Parts drawn at random."""
    codes = np.repeat(np.arange(3), sizes(rows, fractions))
    return _rng().permutation(codes)


def by_strata(strata: Array, fractions: Sequence[float]) -> Array:
    """Parts drawn at random such that each of `strata` (n,) has its share in each part.

    Rows are shuffled, then sorted by stratum, and dealt by a sequence that is proportional from
    any row to any other; so the parts' sizes are exact, and each stratum's to a row or so.
    """
    shuffled = _rng().permutation(len(strata))
    order = shuffled[np.argsort(strata[shuffled], kind="stable")]
    codes = np.empty(len(strata), dtype=np.int64)
    codes[order] = _even_sequence(sizes(len(strata), fractions))
    return codes


def number_strata(values: Array) -> Array:
    """Strata of a numeric target: tenths of its range of ranks."""
    ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return ranks * _STRATA_OF_NUMBERS // max(len(values), 1)


def by_time(times: Array, fractions: Sequence[float]) -> Array:
    """The earliest rows train, later ones validate, the latest test; `times` (n,) sort."""
    codes = np.empty(len(times), dtype=np.int64)
    codes[np.argsort(times, kind="stable")] = np.repeat(np.arange(3), sizes(len(times), fractions))
    return codes


def by_groups(groups: Array, fractions: Sequence[float], column: str) -> Array:
    """Parts of whole groups: `groups` (n,) are group labels, none of which is in two parts.

    Groups are taken from the largest to the smallest (equal ones in random order), each by the
    part that lacks the most rows.
    """
    labels, member, counted = np.unique(groups, return_inverse=True, return_counts=True)
    wanted = np.array(sizes(len(groups), fractions), dtype=float)
    if len(labels) < np.count_nonzero(wanted):
        raise DataError(
            f"split: column '{column}' has {len(labels)} group(s), too few for "
            f"{np.count_nonzero(wanted)} parts; split by another column, or by random."
        )
    shuffled = _rng().permutation(len(labels))
    part_of_group = np.empty(len(labels), dtype=np.int64)
    missing = wanted.copy()
    for group in shuffled[np.argsort(-counted[shuffled], kind="stable")]:
        part = int(np.argmax(np.where(wanted > 0, missing, -np.inf)))
        part_of_group[group] = part
        missing[part] -= counted[group]
    _fill_empty_parts(part_of_group, counted, wanted)
    codes: Array = part_of_group[member.reshape(-1)]
    return codes


def named_parts(values: Sequence[str | None]) -> Array | None:
    """Codes, where `values` (n,) name each row's part ("train", "val", ...); None where not."""
    distinct = {str(value).strip().lower() for value in values}
    if not distinct <= _PART_NAMES.keys():
        return None
    found = {_PART_NAMES[name] for name in distinct}
    if not {TRAIN, VALIDATION} <= found:
        return None
    return np.array([_PART_NAMES[str(value).strip().lower()] for value in values], dtype=np.int64)


def part_named(name: str) -> int | None:
    """The code of the part that a folder or an array is named after, if it is."""
    return _PART_NAMES.get(name.strip().lower())


def part_sizes(codes: Array) -> dict[str, int]:
    """Rows of each part by its name."""
    found = np.bincount(codes, minlength=len(PARTS))
    return {name: int(count) for name, count in zip(PARTS, found, strict=True)}


def _fill_empty_parts(part_of_group: Array, counted: Array, wanted: Array) -> None:
    """Give each wanted part that got no group the smallest group of a part that has several."""
    for part in np.flatnonzero(wanted > 0):
        if np.any(part_of_group == part):
            continue
        held = np.bincount(part_of_group, minlength=len(PARTS))
        spare = np.flatnonzero(held[part_of_group] > 1)
        part_of_group[spare[np.argmin(counted[spare])]] = part


def _even_sequence(counted: Sequence[int]) -> Array:
    """Codes 0, 1, 2, as often as `counted` says, each spread evenly over the sequence."""
    offsets = (0.5, 0.25, 0.75)
    places = [
        (np.arange(count) + offset) / max(count, 1)
        for count, offset in zip(counted, offsets, strict=True)
    ]
    codes = np.repeat(np.arange(3), counted)
    return codes[np.argsort(np.concatenate(places), kind="stable")]


def _rng() -> np.random.Generator:
    return np.random.default_rng(_SEED)
