"""What `macropod-server check` makes of what it saw. Each finding is fine, or says what to do."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from macropod_server.domain.revisions import Fit, fit

_FAR_APART = timedelta(seconds=5)
_ANSWERED = re.compile(r"The server answered (\d{3}): (.*)\.", re.ASCII | re.DOTALL)
_MOST_SHOWN = 300
_UNKNOWN_RUN, _OTHER_KEY = '"unauthorized"', '"forbidden"'


@dataclass(frozen=True)
class Finding:
    """`told` is what was seen where that is fine, else what is wrong and what to do about it."""

    about: str
    is_fine: bool
    told: str


@dataclass(frozen=True)
class FirstCall:
    """What came of a container whose runner calls the server: how far it got, and what it wrote itself."""

    has_started: bool
    exit_code: int | None
    output: Sequence[str]


def judge_revision(found: str | None, *, own: str, is_sqlite: bool) -> Finding:
    told = f"{'SQLite' if is_sqlite else 'PostgreSQL'} at revision {found or 'none'}"
    match fit(found, own=own):
        case Fit.SAME:
            return Finding("database", True, f"{told}.")
        case Fit.AHEAD:
            return Finding("database", True, f"{told}, newer than this version's {own}; both work with it.")
        case Fit.BEHIND:
            return Finding("database", False, f"{told}; this version needs {own}. Run `macropod-server migrate`.")
        case Fit.TOO_NEW:
            why = f"This version knows no more than {own}, and does not work with it any more."
            return Finding("database", False, f"{told}. {why} Use the version that made it, or a newer one.")


def judge_clock(whose: str, ahead: timedelta) -> Finding:
    """`ahead` is by how much the other clock shows more than this machine's."""
    seconds = ahead.total_seconds()
    if abs(ahead) <= _FAR_APART:
        return Finding("clock", True, f"{abs(seconds):.1f} s from that of the {whose}.")
    side = "behind" if seconds > 0 else "ahead of"
    told = f"This machine's clock is {abs(seconds):.0f} s {side} that of the {whose}"
    return Finding(
        "clock", False, f"{told}; what is due, and what is late, would go by either. Set both by a time server."
    )


def judge_call(url: str, call: FirstCall, *, answers_here: bool) -> Finding:
    """A server that has never heard of the run answers its runner so; nobody else does."""
    said = " ".join(" ".join(call.output).split())
    answer, brief = _ANSWERED.search(said), said[:_MOST_SHOWN]
    if not call.has_started:
        return _address_to_do(f"Not tried: the container {brief}")
    if answer is not None:
        return _judge_answer(url, int(answer[1]), answer[2])
    if call.exit_code is None:
        return _address_to_do(_no_answer(url, f" ({brief})" if brief else "", answers_here=answers_here))
    told = f"The runner ended with exit code {call.exit_code}" + (f": {brief}" if brief else ".")
    return _address_to_do(f"Not tried. {told} Its image may be of another version.")


def _no_answer(url: str, told: str, *, answers_here: bool) -> str:
    if answers_here:
        return (
            f"A container gets no answer from {url}, and this machine does{told}. Let containers through the "
            "firewall, or set MACROPOD_RUNNER_URL to an address they reach."
        )
    return f"No server answers at {url}, neither a container nor this machine{told}. Start it and check again."


def _judge_answer(url: str, status: int, body: str) -> Finding:
    match status:
        case 401 if _UNKNOWN_RUN in body:
            return Finding("address", True, f"A container reaches the server at {url}.")
        case 403 if _OTHER_KEY in body:
            told = f"The server that a container reaches at {url} has another key."
            return _address_to_do(f"{told} Give all servers the same MACROPOD_SECRET_KEY.")
    told = f"What answers a container at {url} is no server of Macropod, or something before one: status {status}."
    return _address_to_do(f"{told} Look at MACROPOD_RUNNER_URL.")


def _address_to_do(told: str) -> Finding:
    return Finding("address", False, told)
