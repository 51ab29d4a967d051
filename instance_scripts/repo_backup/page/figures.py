"""Formats figures for people. Pure."""


def duration(seconds: float) -> str:
    """``48 s``, ``9 min``, ``2 h 05 min``."""
    if seconds < 90:
        return f"{max(seconds, 0):.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"


def usd(amount: float) -> str:
    """``0.0030 USD``, with enough digits to show small amounts."""
    if 0 < amount < 0.0001:
        return "under 0.0001 USD"
    return f"{amount:.2f} USD" if amount >= 1 or amount == 0 else f"{amount:.4f} USD"
