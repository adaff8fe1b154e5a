"""How numbers are written everywhere: three significant digits, and words for what is not a number."""

import math


def three(value: float) -> str:
    """`value` with three significant digits: 2.53, 0.0712, 38.9, 1,024, 4.85e+08; whole numbers stay whole."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == int(value) and abs(value) < 1e6:
        return f"{int(value):,}".replace("-", "−")
    digits = f"{value:.2e}"
    exponent = int(digits.split("e")[1])
    if not -4 <= exponent < 6:
        return digits.replace("-", "−", 1) if value < 0 else digits
    return f"{float(digits):,.{max(0, 2 - exponent)}f}".replace("-", "−")
