"""Servers, runners and followers are killed while runs print; what was printed, stored and seen is compared.

Each line carries its number, and each program counts outside the server what it has printed. A run whose runner was
killed may lack what was in its hands, if a line says so; nothing else may be lost, doubled or out of place.
"""

import random
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import macropod

from chaos.chatty_run import ChattyRun, upload_chatty
from chaos.evidence import Check
from chaos.ground import keep, new_folder, wait_for
from chaos.installation import Configuration, Installation, running
from chaos.outcome import Goal, Outcome

CONFIGURATION = Configuration("log-kills", settings={"max_runs": 8})

_RUNS = 3
_PAUSE = (0.05, 0.5)
_ENDS_SECONDS = 120.0


def log_kills(*, seed: str, kills: int) -> Outcome:
    began, chance, counts = time.monotonic(), random.Random(f"{seed} log kills"), Counter[str]()
    with ExitStack() as end:
        folder = end.enter_context(new_folder(CONFIGURATION.name))
        installation = end.enter_context(running(folder, CONFIGURATION))
        client = end.enter_context(macropod.Client(installation.url, installation.token))
        all_runs = _runs_under_kills(installation, client, folder, chance, counts, kills=kills, end=end)
        _let_end(all_runs)
        outcome = Outcome(
            name="logs under kills",
            configuration=CONFIGURATION.in_words,
            seed=seed,
            seconds=time.monotonic() - began,
            faults=counts,
            checks=_checks(all_runs),
            goals=[Goal("kills", str(counts.total()), str(kills), counts.total() == kills)],
        )
        if not outcome.is_well:
            keep(folder, "\n".join(outcome.violations))
        return outcome


def _runs_under_kills(
    installation: Installation,
    client: macropod.Client,
    folder: Path,
    chance: random.Random,
    counts: Counter[str],
    *,
    kills: int,
    end: ExitStack,
) -> list[ChattyRun]:
    orchestration = upload_chatty(client)
    all_runs: list[ChattyRun] = []

    def begin() -> ChattyRun:
        made = ChattyRun(orchestration, folder / f"run-{len(all_runs)}", url=installation.url, token=installation.token)
        end.callback(made.leave)
        all_runs.append(made)
        made.wait_until_it_prints()
        return made

    living = [begin() for _ in range(_RUNS)]
    for _ in range(kills):
        time.sleep(chance.uniform(*_PAUSE))
        whom = chance.choices(["server", "runner", "follower"], weights=[2, 1, 3])[0]
        place = chance.randrange(_RUNS)
        counts[f"kill -9 of a {whom}"] += 1
        if whom == "server":
            [server] = installation.servers
            server.kill()
            time.sleep(chance.choice([0, 0.3]))
            server.start()
            server.wait_until_ready()
        elif whom == "follower":
            living[place].kill_follower()
        else:
            living[place].kill_runner()
            living[place] = begin()
    return all_runs


def _let_end(all_runs: list[ChattyRun]) -> None:
    for each in all_runs:
        each.ask_to_end()
    for each in all_runs:
        each.run.wait(_ENDS_SECONDS)
        wait_for(each.has_follower_ended, seconds=_ENDS_SECONDS, what=f"the follower of run {each.run.id} to end")


def _checks(all_runs: list[ChattyRun]) -> list[Check]:
    stored = {each: each.run.logs() for each in all_runs}
    count = sum(map(len, stored.values()))
    wrong = [each.run.id + ": " + what for each, lines in stored.items() for what in each.what_is_wrong(lines)]
    seen = [each.run.id + ": " + what for each, lines in stored.items() for what in each.what_was_seen_wrong(lines)]
    return [
        Check("L1", "stored = printed, once and in order", count, wrong),
        Check("L2", "followed = stored, once and in order", count, seen),
    ]


def main() -> int:
    """`python -m chaos.log_kills SEED KILLS`"""
    outcome = log_kills(seed=sys.argv[1], kills=int(sys.argv[2]))
    print(*outcome.violations, sep="\n")
    return 0 if outcome.is_well else 1


if __name__ == "__main__":
    sys.exit(main())
