"""Dropout in a stack: each member's noise is what it would be alone, from its own generator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.tasks.networks import LEVELS_A_DRAW, level_of

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Dropouts:
    """Switches units of (members, units, rows) off; a member without a generator keeps all."""

    def __init__(
        self,
        params: Sequence[Mapping[str, Any]],
        noises: Sequence[torch.Generator | None],
        device: torch.device,
    ) -> None:
        import torch

        self.noises, self.any = noises, any(noises)
        self.keeps = [1.0 - float(own["dropout"]) for own in params]
        levels = [level_of(keep) for keep in self.keeps]
        self.shares, self.levels = (
            torch.tensor(numbers, device=device).view(-1, 1, 1) for numbers in (self.keeps, levels)
        )

    def mask(self, x: Tensor, counts: Sequence[int]) -> Tensor:
        """What to multiply `x` by: 0, or what makes up for the units that are switched off.

        Noise is drawn for the first `counts` of each member's rows.
        """
        draw = self._drawn if x.device.type == "cpu" else self._bernoulli
        mask = draw(x, counts)
        return mask.div_(self.shares)

    def _drawn(self, x: Tensor, counts: Sequence[int]) -> Tensor:
        """As networks.random_levels draws them, in one pass for all members."""
        import torch

        members, units, rows = x.shape
        draws = torch.empty(members, -(-units * rows // LEVELS_A_DRAW), dtype=torch.int64)
        for own, noise, count in zip(draws.unbind(), self.noises, counts, strict=True):
            if noise:
                own[: -(-units * count // LEVELS_A_DRAW)].random_(-(2**63), None, generator=noise)
        levels = draws.view(torch.int16)[:, : units * rows].view(members, rows, units)
        return torch.empty_like(x).copy_(levels.transpose(1, 2)).lt_(self.levels)

    def _bernoulli(self, x: Tensor, counts: Sequence[int]) -> Tensor:
        members, units, rows = x.shape
        mask = x.new_ones(members, rows, units)
        for own, keep, noise, count in zip(
            mask.unbind(), self.keeps, self.noises, counts, strict=True
        ):
            if noise:
                own[:count].bernoulli_(keep, generator=noise)
        return mask.transpose(1, 2)
