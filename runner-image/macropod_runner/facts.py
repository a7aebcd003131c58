"""What the log of a run with `debug` begins with: where it runs, with what, and within which limits."""

from collections.abc import Iterator

from macropod_runner import __version__
from macropod_runner.control_group import ControlGroup
from macropod_runner.ending import amount
from macropod_runner.environment import platform_name, python_version
from macropod_runner.place import Place
from macropod_runner.spec import Spec


def facts(place: Place, spec: Spec, group: ControlGroup) -> Iterator[str]:
    """Sentences. Of the arguments only the names: their values may be secrets."""
    yield f"Macropod runner {__version__}, {python_version()} on {platform_name()}."
    packages = len(list(place.environment.glob("lib/python*/site-packages/*.dist-info")))
    yield f"Environment {place.environment}: {packages} package{'' if packages == 1 else 's'} besides the SDK."
    yield f"Limits: {', '.join(_limits(spec, group))}."
    yield f"Working folder {place.home}; entry point {spec.entry_point}."
    yield f"Arguments: {', '.join(sorted(spec.arguments)) or 'none'}."


def _limits(spec: Spec, group: ControlGroup) -> Iterator[str]:
    memory, cpus, processes = spec.memory_bytes or group.memory_limit(), group.cpu_limit(), group.process_limit()
    yield f"memory {amount(memory)}" if memory else "no limit of memory"
    yield f"CPU {cpus:g}" if cpus else "no limit of CPU"
    yield f"processes {processes}" if processes else "no limit of processes"
    yield f"time {spec.timeout_seconds} s" if spec.timeout_seconds else "no limit of time"
    silence = spec.silence_timeout_seconds
    yield f"silence {silence} s" if silence else "no limit of silence"
    yield f"grace {spec.grace_seconds} s"
