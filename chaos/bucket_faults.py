"""R10: the bucket of the bundles answers badly: a tenth of all requests with an error, a twentieth by breaking off.

Every upload and every read ends whole, or in an error that says so; what is in the bucket is what its name says.
"""

import hashlib
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import httpx2

from chaos.caller import Caller, Tally
from chaos.fault_proxy import SLOW, TROUBLE, FaultProxy, dice
from chaos.ground import keep, new_folder
from chaos.installation import Configuration, Installation, running
from chaos.object_store import CREDENTIALS, ObjectStore
from chaos.outcome import Goal, Outcome
from chaos.programs import package

CONFIGURATION = Configuration("r10", variables=CREDENTIALS)
_BUCKET = "bundles"
_CALLERS = 4
_SHARES = TROUBLE | {SLOW: 0.01}
_BIGGEST_BYTES = 50_000
_CLEAN = (409, 503, 507)
"""What a call may be answered: damaged on the way, the store away, the store full."""


def bucket_faults(*, seed: str, count: int) -> Outcome:
    """So many uploads, and a read of each."""
    began = time.monotonic()
    with ExitStack() as end:
        folder = end.enter_context(new_folder(CONFIGURATION.name))
        store = ObjectStore(folder / "store")
        (store.folder / _BUCKET).mkdir(parents=True)
        end.callback(store.stop)
        store.start()
        proxy = end.enter_context(closing(FaultProxy(store.port)))
        settings = {"storage_url": f"s3://{_BUCKET}/of/chaos", "storage_endpoint": proxy.endpoint}
        configuration = Configuration(CONFIGURATION.name, settings=settings, variables=CREDENTIALS)
        installation = end.enter_context(running(folder, configuration))
        proxy.plan = dice(seed, _SHARES)
        tally = Tally()
        ends = _call(installation, tally, seed=seed, count=count)
        outcome = Outcome(
            name=f"R10: {count:,} uploads and reads of a bucket that answers badly",
            configuration=f"{configuration.in_words}, bundles in a bucket",
            seed=seed,
            seconds=time.monotonic() - began,
            faults=dict(proxy.injected),
            goals=_goals(ends, tally, _wrong_objects(store.folder / _BUCKET)),
        )
        if not outcome.is_well:
            keep(folder, "\n".join(outcome.violations))
        return outcome


def _call(installation: Installation, tally: Tally, *, seed: str, count: int) -> Counter[str]:
    ends: Counter[str] = Counter()

    def one(number: int) -> None:
        caller = Caller(installation.url, installation.token, tally)
        salt = random.Random(f"{seed} {number}").randbytes(random.Random(number).randrange(_BIGGEST_BYTES)).hex()
        with closing(caller):
            ends.update(_upload_and_read(caller, package(salt=salt)))

    with ThreadPoolExecutor(_CALLERS) as callers:
        list(callers.map(one, range(count)))
    return ends


def _upload_and_read(caller: Caller, content: bytes) -> list[str]:
    answer = caller.once("POST", "/v1/orchestrations", files={"file": ("r10.zip", content)})
    if answer is None or not answer.is_success:
        return [f"upload {_refusal(answer)}"]
    told = answer.json()
    is_right = told["sha256"] == hashlib.sha256(content).hexdigest()
    read = caller.once("GET", f"/v1/orchestrations/{told['id']}/bundle")
    if read is None or not read.is_success:
        return ["upload done" if is_right else "wrong digest", f"read {_refusal(read, breaks='refused')}"]
    return ["upload done" if is_right else "wrong digest", "read done" if read.content == content else "wrong digest"]


def _refusal(answer: httpx2.Response | None, *, breaks: str = "broken off") -> str:
    """A read that proves damaged half-way can only break off; an upload is answered."""
    if answer is None:
        return breaks
    return "refused" if answer.status_code in _CLEAN else f"answered {answer.status_code}"


def _wrong_objects(bucket: Path) -> list[str]:
    found = (path for path in bucket.rglob("*") if path.is_file())
    names = ((path.parent.name + path.name, path) for path in found if not path.name.startswith(".rclone_temp_"))
    return [name for name, path in names if hashlib.sha256(path.read_bytes()).hexdigest() != name]


def _goals(ends: Counter[str], tally: Tally, wrong: list[str]) -> list[Goal]:
    unclean = {end: times for end, times in ends.items() if end.split()[-1] not in ("done", "refused", "digest")}
    refused = ends["upload refused"] + ends["read refused"]
    whole = ends["upload done"] + ends["read done"]
    return [
        Goal("wrong digests", str(ends["wrong digest"]), "0", ends["wrong digest"] == 0),
        Goal("objects that are not what their name says", str(len(wrong)), "0", not wrong),
        Goal("uploads and reads that ended whole", f"{whole:,}", "1 or more", whole > 0),
        Goal("ended in a clean error", f"{refused:,}", "any", True),
        Goal("ended otherwise", str(unclean or 0), "0", not unclean),
        Goal("answers 5xx but 503 and 507", str(len(tally.faulty)), "0", not tally.faulty),
    ]
