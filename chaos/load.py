"""The load: schedules, runs, uploads, kills and readers, each in a thread of its own, each with its own dice."""

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chaos.caller import Caller, Refused, Tally
from chaos.ground import now
from chaos.installation import Installation
from chaos.orders import Order, OrderBook
from chaos.programs import arguments, package
from chaos.receiver import Receiver

_TIMEOUT_SECONDS = 600
_LONG_SECONDS = 30.0
_TRIES = 5
_WINDOW_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Shape:
    """How much is asked for. Pauses are the middle of what the dice say, in seconds; 0: not at all."""

    schedules: int = 8
    every_seconds: tuple[int, ...] = (1, 2, 3, 5)
    once_pause: float = 2.0
    kill_pause: float = 6.0
    upload_pause: float = 5.0
    packaging_pause: float = 25.0
    read_pause: float = 0.5
    lines: int = 20
    seconds: float = 1.0
    missed: str = "all"
    schedules_end: bool = True


QUIET = Shape(schedules=0, once_pause=0, kill_pause=0, upload_pause=0, packaging_pause=0, read_pause=0)
"""Nothing comes by itself."""


class Load:
    """Begins inside the `with` block; `stop` asks for nothing new and waits for what is being asked."""

    def __init__(
        self, installation: Installation, receiver: Receiver, *, seed: str, shape: Shape, until: datetime
    ) -> None:
        self.book = OrderBook()
        self.tally = Tally()
        self.trouble: list[str] = []
        self.uploads: list[str] = []
        self._installation = installation
        self._receiver = receiver
        self._seed = seed
        self._shape = shape
        self._until = until
        self._stopped = threading.Event()
        self._number = 0
        self._turn = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._orchestration_id = ""

    def start(self) -> None:
        caller = self.caller()
        self._orchestration_id = self._upload(caller, "load", salt="load")
        for number in range(self._shape.schedules):
            self.schedule(caller, self._shape.every_seconds[number % len(self._shape.every_seconds)])
        caller.close()
        workers = {
            "once": (self._shape.once_pause, self._order_once),
            "kill": (self._shape.kill_pause, self._order_and_kill),
            "upload": (self._shape.upload_pause, self._upload_and_run),
            "packaging": (self._shape.packaging_pause, self._package_and_run),
            "read": (self._shape.read_pause, self._read),
        }
        for name, (pause, step) in workers.items():
            if pause:
                self._threads.append(
                    threading.Thread(target=self._repeat, args=(name, pause, step), name=name, daemon=True)
                )
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def caller(self, url: str | None = None) -> Caller:
        return Caller(url or self._installation.url, self._installation.token, self.tally)

    def order_once(self, dice: random.Random, *, lines: int, seconds: float) -> None:
        caller = self.caller()
        self._order(caller, "run_once", lines=lines, seconds=seconds, exit_code=dice.choice([0, 7]))
        caller.close()

    def one_of_everything(self, number: int, *, packages: bool) -> None:
        """What comes by every stage of a run's life: used where one kill at a time is looked at."""
        caller, dice = self.caller(), random.Random(number)
        try:
            if packages:
                self._package_and_run(caller, dice)
            self._upload_and_run(caller, dice)
            self._short_schedule(caller)
            self._order_once(caller, dice)
            self._order_and_kill(caller, dice)
        except (Refused, TimeoutError) as error:
            self.trouble.append(f"The load could not do one of everything: {error}")
        caller.close()

    def _short_schedule(self, caller: Caller) -> None:
        """Asked for anew when the server was away for so long that it would be over before it began."""
        for tries_left in reversed(range(_TRIES)):
            try:
                self.schedule(caller, 1, ends_at=now() + timedelta(seconds=3))
                return
            except Refused as refused:
                if "never_due" not in str(refused) or not tries_left:
                    raise

    def _repeat(self, name: str, pause: float, step: Callable[[Caller, random.Random], None]) -> None:
        dice = random.Random(f"{self._seed} {name}")
        caller = self.caller()
        while not self._stopped.wait(dice.uniform(0.5, 1.5) * pause):
            try:
                step(caller, dice)
            except (Refused, TimeoutError) as error:
                self.trouble.append(f"The load could not {name}: {error}")
        caller.close()

    def schedule(
        self,
        caller: Caller,
        every_seconds: int,
        *,
        starts_at: datetime | None = None,
        ends_at: datetime | None = None,
    ) -> Order:
        """Due from a second on, or from `starts_at`, until the load is to end, or until `ends_at`."""
        plan: dict[str, Any] = {
            "every_seconds": every_seconds,
            "starts_at": starts_at or now() + timedelta(seconds=1),
            "missed": self._shape.missed,
        }
        if self._shape.schedules_end:
            plan["ends_at"] = ends_at or self._until
        order = self._order(caller, "run_scheduled", lines=2, seconds=0.1, exit_code=0, **plan)
        order.sure_until = order.ends_at
        return order

    def kill_schedules(self) -> None:
        """At the end, where they have none of their own. When that was is of no account."""
        caller = self.caller()
        for order in self.book.alive():
            if order.is_scheduled:
                order.kill_sent_at = now()
                caller.post(f"/v1/tasks/{order.task_id}/kill")
        caller.close()

    def _order_once(self, caller: Caller, dice: random.Random) -> None:
        lines, seconds = dice.randint(1, 2 * self._shape.lines), dice.uniform(0.5, 1.5) * self._shape.seconds
        self._order(caller, "run_once", lines=lines, seconds=seconds, exit_code=dice.choice([0, 0, 3, 41]))

    def _order_and_kill(self, caller: Caller, dice: random.Random) -> None:
        """A run, or a schedule whose runs overlap with the kill, stopped at a moment the dice choose."""
        if dice.random() < 0.7:
            order = self._order(caller, "run_once", lines=300, seconds=_LONG_SECONDS, exit_code=0)
        else:
            order = self.schedule(caller, 1, ends_at=now() + timedelta(minutes=5))
            order.sure_until = order.ends_at = None
        self._stopped.wait(dice.uniform(0, 3))
        order.kill_sent_at = now()
        caller.post(f"/v1/tasks/{order.task_id}/kill")
        order.kill_acknowledged_at = now()

    def _upload_and_run(self, caller: Caller, dice: random.Random) -> None:
        uploaded = self._upload(caller, "upload", salt=dice.randbytes(dice.randint(1, 60_000)).hex())
        self._order(caller, "run_once", orchestration=uploaded, lines=2, seconds=0.1, exit_code=0)

    def _package_and_run(self, caller: Caller, dice: random.Random) -> None:
        name = f"tiny-chaos-{dice.randint(0, 10**9)}"
        self._installation.wheels.add(name, version="1.0")
        uploaded = self._upload(caller, "package", salt=name, requirements=f"{name}==1.0")
        self._order(caller, "run_once", orchestration=uploaded, lines=2, seconds=0.1, exit_code=0)

    def _read(self, caller: Caller, dice: random.Random) -> None:
        page = caller.get("/v1/runs", limit=20)
        if page["items"]:
            run = dice.choice(page["items"])
            with suppress(Refused):
                caller.get(f"/v1/runs/{run['id']}/logs", tail=100)
        caller.get("/v1/tasks", limit=20)

    def _upload(self, caller: Caller, name: str, *, salt: str, requirements: str | None = None) -> str:
        made = caller.upload(name, package(salt=salt, requirements=requirements))
        self.uploads.append(made["id"])
        return str(made["id"])

    def _order(
        self,
        caller: Caller,
        kind: str,
        *,
        orchestration: str | None = None,
        lines: int,
        seconds: float,
        exit_code: int,
        **plan: object,
    ) -> Order:
        told = arguments(self._receiver.address, lines=lines, seconds=seconds, exit_code=exit_code)
        wish = {
            "orchestration_id": orchestration or self._orchestration_id,
            "kind": kind,
            "name": self._name(kind),
            "json_args": told,
            "timeout_seconds": _TIMEOUT_SECONDS,
            **({"missed_window_seconds": _WINDOW_SECONDS, "missed_cap": 1000} if plan else {}),
            **{name: value.isoformat() if isinstance(value, datetime) else value for name, value in plan.items()},
        }
        asked_at = now()
        made = caller.post("/v1/tasks", wish)
        order = Order(task_id=made["id"], name=str(wish["name"]), exit_code=exit_code, lines=lines, asked_at=asked_at)
        for name in ("every_seconds", "starts_at", "ends_at", "missed"):
            if name in plan:
                setattr(order, name, plan[name])
        return self.book.add(order)

    def _name(self, kind: str) -> str:
        with self._turn:
            self._number += 1
            return f"{kind} {self._number}"
