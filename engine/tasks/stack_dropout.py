"""Dropout in a stack: each member's noise is what it would be alone, from its own generator."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_LEVELS_A_DRAW = 4
_ROOMS = 8
"""Of what shapes noise is drawn again and again, as many as are kept."""


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
        inverse = [1.0 / keep for keep in self.keeps]
        self.scales, self.levels = (
            torch.tensor(numbers, device=device).view(-1, 1, 1) for numbers in (inverse, levels)
        )
        self._drawn: dict[Hashable, Draws] = {}

    def mask(self, x: Tensor, counts: Sequence[int]) -> Tensor:
        """What to multiply `x` by: 0, or what makes up for the units that are switched off.

        Noise is drawn for the first `counts` of each member's rows.
        """
        draw = self._from_levels if x.device.type == "cpu" else self._bernoulli
        return draw(x, counts).mul_(self.scales)

    def _from_levels(self, x: Tensor, counts: Sequence[int]) -> Tensor:
        """From random levels, four a draw of 64 bits: a seventh of what bernoulli_ takes."""
        import torch

        key = (x.shape, *counts)
        if key not in self._drawn:
            if len(self._drawn) == _ROOMS:
                self._drawn.clear()
            self._drawn[key] = Draws(x.shape, self.noises, counts)
        return torch.empty_like(x).copy_(self._drawn[key].again()).lt_(self.levels)

    def _bernoulli(self, x: Tensor, counts: Sequence[int]) -> Tensor:
        members, units, rows = x.shape
        mask = x.new_ones(members, rows, units)
        for own, keep, noise, count in zip(
            mask.unbind(), self.keeps, self.noises, counts, strict=True
        ):
            if noise:
                own[:count].bernoulli_(keep, generator=noise)
        return mask.transpose(1, 2)


class Draws:
    """Room for the noise of one layer in one step, which each draw fills anew."""

    def __init__(
        self, shape: Sequence[int], noises: Sequence[torch.Generator | None], counts: Sequence[int]
    ) -> None:
        import torch

        members, units, rows = shape
        room = torch.zeros(members, -(-units * rows // _LEVELS_A_DRAW), dtype=torch.int64)
        self.own = [
            (part[: -(-units * count // _LEVELS_A_DRAW)], noise)
            for part, noise, count in zip(room.unbind(), noises, counts, strict=True)
            if noise
        ]
        levels = room.view(torch.int16)[:, : units * rows].view(members, rows, units)
        self.levels = levels.transpose(1, 2)

    def again(self) -> Tensor:
        """Levels (members, units, rows): whole numbers from -32,768 to 32,767.

        Those who draw nothing, and rows that only fill up, have 0.
        """
        for part, noise in self.own:
            part.random_(-(2**63), None, generator=noise)
        return self.levels


def level_of(share: float) -> float:
    """The level below which a `share` of random levels lies."""
    return float(round(65_536 * share) - 32_768)
