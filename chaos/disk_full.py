"""R9: the disk of the data folder is full for a while. Refused is refused cleanly, and all is well when there is space.

A small tmpfs is the data folder; it takes the right to mount, so it runs as root only.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx2

from chaos.caller import Caller
from chaos.ground import wait_for
from chaos.installation import Configuration
from chaos.load import Load, Shape
from chaos.outcome import Goal, Outcome
from chaos.programs import package
from chaos.scene import scene

CONFIGURATION = Configuration("r9")
_SIZE = "192m"
_FULL_SECONDS = 25.0
_WELL_SECONDS = 10.0
_BLOCK = b"\0" * 65536
_BIG_BYTES = 200_000
_REFUSALS = (503, 507)
_EXCUSED = frozenset({"could_not_start"})
"""A run that was accepted before the disk was full finds no room for its files."""


def disk_full(*, seed: str) -> Outcome:
    if os.geteuid() != 0:
        raise PermissionError("A full disk is made of a tmpfs, which takes root to mount.")
    with _small_disk() as disk, scene(CONFIGURATION, seed=seed, data_dir=disk / "data") as place:
        load = place.load(Shape(upload_pause=0, packaging_pause=0), seconds=_FULL_SECONDS + 25)
        caller = load.caller()
        time.sleep(8)
        _fill(disk / "ballast")
        refused, taken = _upload_on_a_full_disk(caller, load)
        (disk / "ballast").unlink()
        freed = time.monotonic()
        wait_for(lambda: _is_taken(_upload(caller), load), seconds=60, what="uploads to be taken again")
        well_after = time.monotonic() - freed
        time.sleep(5)
        load.stop()
        goals = [
            Goal("uploads refused with 507 or 503", str(refused), "1 or more", refused > 0),
            Goal("uploads taken while it was full", str(taken), "0", taken == 0),
            Goal("well again after space was freed", f"{well_after:.1f} s", "10 s", well_after <= _WELL_SECONDS),
        ]
        evidence = replace(place.evidence(load, promises=[]), excused=_EXCUSED)
        name = f"R9: the disk full for {_FULL_SECONDS:.0f} s"
        return place.outcome(name, evidence, faults={"disk full": 1}, goals=goals)


@contextmanager
def _small_disk() -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="macropod-chaos-disk-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
        place.rmdir()


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(_BLOCK)
        except OSError:
            return


def _upload_on_a_full_disk(caller: Caller, load: Load) -> tuple[int, int]:
    refused, taken, until = 0, 0, time.monotonic() + _FULL_SECONDS
    while time.monotonic() < until:
        answer = _upload(caller)
        taken += _is_taken(answer, load)
        refused += answer is not None and answer.status_code in _REFUSALS
        time.sleep(0.5)
    return refused, taken


def _upload(caller: Caller) -> httpx2.Response | None:
    data = package(salt=os.urandom(_BIG_BYTES).hex())
    return caller.once("POST", "/v1/orchestrations", files={"file": ("big.zip", data)})


def _is_taken(answer: httpx2.Response | None, load: Load) -> bool:
    if answer is None or not answer.is_success:
        return False
    load.uploads.append(answer.json()["id"])
    return True
