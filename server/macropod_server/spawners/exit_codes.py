"""Exit codes as container engines tell them."""

_SIGNAL_BASE = 128


def exit_code(told: int) -> int:
    """Engines say 128 + n where signal n ended the program; here that is -n."""
    return _SIGNAL_BASE - told if _SIGNAL_BASE < told <= _SIGNAL_BASE + 64 else told
