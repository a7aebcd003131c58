"""A package that fails as its YAML file tells it: what is in it, what is done to it, and how its run has to end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

SPAWNERS = ("process", "docker")


@dataclass(frozen=True)
class Specimen:
    """`task`: what is asked for beside the name. `outside`: what somebody does once the run has printed "ready"; a
    method of `Habitat`. `server`: settings of a server of its own. `expect`: facts of the run; an exit code or
    signal that is not named has to be null. `message`: a pattern all of it has to match. Either may be told per
    spawner. `log`: lines that have to be there, in this order. `ends_within`: seconds from what somebody did to it, or
    else from its start, to the moment at which nothing of it was left.
    """

    shows: str
    files: Mapping[str, str]
    expect: Mapping[str, Any]
    message: str | Mapping[str, str]
    task: Mapping[str, Any] = field(default_factory=dict)
    spawners: Sequence[str] = SPAWNERS
    outside: str | None = None
    server: Mapping[str, str] | None = None
    log: Sequence[str] = ()
    ends_within: float | None = None

    def expected(self, spawner: str) -> dict[str, Any]:
        told = self.expect.get(spawner, self.expect)
        return {"exit_code": None, "signal": None, **told}

    def pattern(self, spawner: str) -> str:
        return self.message if isinstance(self.message, str) else self.message[spawner]


def read_specimens() -> dict[str, Specimen]:
    folder = Path(__file__).parent / "specimens"
    return {path.stem: Specimen(**yaml.safe_load(path.read_text())) for path in sorted(folder.glob("*.yaml"))}
