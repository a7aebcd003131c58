"""What was asked of the installation, as the one who asked remembers it: the checker's other half of the truth."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass
class Order:
    """One task. `kill_acknowledged_at` is when the answer to the kill arrived, None without one.

    `sure_until`: each moment due up to here has a tick; None where a kill may have come between.
    """

    task_id: str
    name: str
    exit_code: int
    lines: int
    every_seconds: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    asked_at: datetime | None = None
    sure_until: datetime | None = None
    missed: str = "latest"
    kill_sent_at: datetime | None = None
    kill_acknowledged_at: datetime | None = None

    @property
    def is_scheduled(self) -> bool:
        return self.every_seconds is not None


class OrderBook:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._orders: dict[str, Order] = {}
        self._turn = threading.Lock()

    def add(self, order: Order) -> Order:
        with self._turn:
            self._orders[order.task_id] = order
        return order

    def all(self) -> list[Order]:
        with self._turn:
            return list(self._orders.values())

    def alive(self) -> list[Order]:
        return [order for order in self.all() if order.kill_sent_at is None]


def last_end(orders: Iterable[Order]) -> datetime | None:
    return max((order.ends_at for order in orders if order.ends_at is not None), default=None)
