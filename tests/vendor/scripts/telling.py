"""How the scripts tell what they found: JSON, a line at a time."""

import json
import time
from collections.abc import Callable
from typing import Any

PATIENCE_SECONDS = 120


def tell(**facts: Any) -> None:
    print(json.dumps(facts, default=str), flush=True)


def refusal(call: Callable[..., Any], *arguments: Any, **more: Any) -> str | None:
    """How a call is refused, as its user sees it; None for one that is not."""
    try:
        call(*arguments, **more)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def until(is_so: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := is_so()):
        if time.monotonic() > deadline:
            raise TimeoutError("What was waited for does not come.")
        time.sleep(0.2)
    return found
