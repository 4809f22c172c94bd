"""Numbers as the window shows them: four significant digits on screen, all of them when copied."""

from __future__ import annotations

import math
from typing import Any

DIGITS = 4
_SMALLEST_PLAIN = 1e-2
_LARGEST_PLAIN = 1e5
_LARGEST_COUNT = 10**9


def number(value: Any) -> str:
    """`value` for reading: 3.1e-3, 0.0714, 512, "adam"; an en dash for None."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return exact(value)
    if isinstance(value, int):
        return count(value) if abs(value) >= _LARGEST_PLAIN else str(value)
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "−∞"}.get(value, "NaN")
    if value == 0 or _SMALLEST_PLAIN <= abs(value) < _LARGEST_PLAIN:
        return _plain(value)
    return _scientific(value)


def exact(value: Any) -> str:
    """`value` with all of its digits, as it is copied."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def count(value: int) -> str:
    """A count with its thousands apart, or 1.000e+30 where nobody would read the digits."""
    if abs(value) < _LARGEST_COUNT:
        return f"{value:,}".replace(",", " ")
    exponent = len(str(abs(value))) - 1
    mantissa = value / 10**exponent
    return f"{mantissa:.{DIGITS - 1}f}e+{exponent}"


def percent(share: float) -> str:
    """A share of one as a percentage: 0.843 is "84.3 %"."""
    return f"{_plain(100 * share)} %"


def size(count: float) -> str:
    """Bytes as people say them: "412 MB", "12.3 GB"."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6)):
        if count >= 0.9995 * factor:
            return f"{_plain(float(f'{count / factor:.3g}'))} {unit}"
    return f"{count / 1e3:.0f} kB"


def _plain(value: float) -> str:
    text = f"{value:.{DIGITS}g}"
    return str(round(float(text))) if "e" in text else text


def _scientific(value: float) -> str:
    mantissa, exponent = f"{value:.{DIGITS - 1}e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"
