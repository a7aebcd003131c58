"""What a command of the runner works with."""

from typing import NamedTuple

from macropod_runner.log import Log
from macropod_runner.place import Place
from macropod_runner.server import Server
from macropod_runner.spec import Spec
from macropod_runner.stop import StopOrder
from macropod_runner.supervisor import Supervisor


class Job(NamedTuple):
    place: Place
    spec: Spec
    server: Server
    supervisor: Supervisor
    stop: StopOrder
    log: Log
