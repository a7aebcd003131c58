"""The scene of every scenario: an installation with its receiver of marks, and the verdict at the end of it."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from chaos.checker import check_all
from chaos.evidence import Evidence
from chaos.gathering import gather
from chaos.ground import keep, new_folder, now
from chaos.installation import Configuration, Installation, running
from chaos.load import Load, Shape
from chaos.outcome import Goal, Outcome
from chaos.receiver import Receiver


@dataclass(frozen=True)
class Scene:
    installation: Installation
    receiver: Receiver
    seed: str
    began: float

    def load(self, shape: Shape, *, seconds: float) -> Load:
        """Begun; its schedules end after so many seconds."""
        until = now() + timedelta(seconds=seconds)
        load = Load(self.installation, self.receiver, seed=self.seed, shape=shape, until=until)
        load.start()
        return load

    def evidence(self, load: Load, *, promises: list[str], ahead: timedelta = timedelta(0)) -> Evidence:
        return gather(self.installation, load, self.receiver, promises=promises, ahead=ahead)

    def outcome(self, name: str, evidence: Evidence, *, faults: Mapping[str, int], goals: list[Goal]) -> Outcome:
        """What a violation was seen in is kept."""
        outcome = Outcome(
            name=name,
            configuration=self.installation.configuration.in_words,
            seed=self.seed,
            seconds=time.monotonic() - self.began,
            faults=faults,
            checks=check_all(evidence),
            goals=goals,
            settled_seconds=evidence.settled_seconds,
            clean_seconds=evidence.clean_seconds,
        )
        if not outcome.is_well:
            keep(self.installation.folder, "\n".join(outcome.violations))
            print(f"What is left of it stays in {self.installation.folder}.", flush=True)
        return outcome


@contextmanager
def scene(configuration: Configuration, *, seed: str, data_dir: Path | None = None) -> Iterator[Scene]:
    began = time.monotonic()
    with ExitStack() as end:
        folder = end.enter_context(new_folder(configuration.name))
        installation = end.enter_context(running(folder, configuration, data_dir=data_dir))
        receiver = end.enter_context(closing(Receiver(folder / "marks", host=installation.host_for_runs)))
        yield Scene(installation, receiver, seed, began)


def sleep_until(moment: datetime) -> None:
    time.sleep(max(0.0, (moment - now()).total_seconds()))
