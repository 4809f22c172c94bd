"""How many members of a stack a device's memory holds, and whether it has run out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

    from engine.tasks.training import DeviceRows

_COPIES = 7
"""Numbers kept for each parameter: itself, its gradient and move, the optimiser's, the best."""
_PASSES = 4
"""Numbers kept for each value inside a network: itself, what it came from, their gradients."""
_SHARE = 0.5
"""Of the memory that is free; the rest is for others, and for what the estimate leaves out."""
_SIGNS = ("out of memory", "can't allocate", "alloc_failed")


def free_memory(device: str) -> int:
    """Bytes of `device`'s memory that stacks may take now."""
    import psutil
    import torch

    if device.startswith("cuda"):
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        free = torch.cuda.mem_get_info(device)[0] + unused
    elif device.startswith("mps"):
        free = torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    else:
        free = psutil.virtual_memory().available
    return int(_SHARE * free)


def ran_out(error: Exception) -> bool:
    """Whether `error` says that memory did not suffice; torch has no one type for that."""
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in _SIGNS)


def most_in(memory: int, network: nn.Sequential, batch: int, train: DeviceRows) -> int:
    """Members like `network` that `memory` bytes hold, by a careful estimate; at least 1."""
    shape = train.x.shape[1:]
    parameters = sum(tensor.numel() for tensor in network.parameters())
    values, outputs = _values(network, train.x[:1])
    inside = batch * (shape.numel() + _PASSES * values)
    bytes_each = 4 * (_COPIES * parameters + inside + len(train) * (2 * outputs + 4))
    return max(1, memory // bytes_each)


def _values(network: nn.Sequential, x: Tensor) -> tuple[int, int]:
    """Numbers that all layers together, and the last one, give for the row `x`."""
    import torch

    values, training = 0, network.training
    network.eval()
    with torch.no_grad():
        for layer in network:
            x = layer(x)
            values += x.numel()
    network.train(training)
    return values, x.numel()
