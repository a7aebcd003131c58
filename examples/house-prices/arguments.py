"""What the task may ask for: the model, the trees of a forest, the share of the houses kept for the test."""

from dataclasses import dataclass, fields
from typing import Any

MODELS = ("forest", "linear")


@dataclass(frozen=True)
class Arguments:
    model: str = "forest"
    trees: int = 80
    test_share: float = 0.2

    def in_words(self) -> str:
        model = f"a forest of {self.trees} trees" if self.model == "forest" else "a linear model"
        return f"{model}, tested on {self.test_share:.0%} of the houses"


def read(given: dict[str, Any]) -> Arguments:
    """The arguments, defaults filled in. Ends the program with a sentence for each that cannot be used."""
    if wrong := problems(given):
        raise SystemExit("\n".join(["These arguments cannot be used:", *(f"  {each}" for each in wrong)]))
    return Arguments(**given)


def problems(given: dict[str, Any]) -> list[str]:
    known = [field.name for field in fields(Arguments)]
    found = [f"{name!r} is not known; there are {', '.join(known)}." for name in given if name not in known]
    asked = {**vars(Arguments()), **given}
    if asked["model"] not in MODELS:
        found.append(f"model is {asked['model']!r}; it takes {' or '.join(MODELS)}.")
    if type(asked["trees"]) is not int or not 1 <= asked["trees"] <= 1000:
        found.append(f"trees is {asked['trees']!r}; it takes a whole number from 1 to 1000.")
    if type(asked["test_share"]) not in (int, float) or not 0.05 <= asked["test_share"] <= 0.5:
        found.append(f"test_share is {asked['test_share']!r}; it takes a number from 0.05 to 0.5.")
    return found
