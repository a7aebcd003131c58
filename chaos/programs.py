"""What the load runs: a program that leaves marks outside the server, prints numbered lines and ends as it was told."""

import io
import zipfile

MAIN = '''
import json
import os
import socket
import sys
import time

with open(os.environ["MACROPOD_ARGUMENTS"]) as file:
    told = json.load(file)


def mark(what):
    """Told once, and heard: the program goes on when the mark is on the disk of who collects them."""
    known = {name: os.environ.get("MACROPOD_" + name.upper()) for name in ("run_id", "task_id", "attempt", "due_at")}
    line = json.dumps({"what": what, "pid": os.getpid(), "exit_code": told["exit_code"], **known})
    with socket.create_connection(tuple(told["marks"]), timeout=60) as connection:
        connection.sendall(line.encode() + b"\\n")
        if connection.recv(1) != b"k":
            sys.exit(97)


mark("start")
for number in range(1, told["lines"] + 1):
    print("line ", end="", flush=number % 10 == 0)
    print(number)
    time.sleep(told["seconds"] / told["lines"])
mark("end")
sys.exit(told["exit_code"])
'''


def package(*, salt: str, requirements: str | None = None) -> bytes:
    """A zip of the program. The salt makes its bytes, and so its sha256, its own."""
    files = {"main.py": MAIN, "salt.txt": salt} | ({"requirements.txt": requirements} if requirements else {})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return packed.getvalue()


def arguments(marks: tuple[str, int], *, lines: int, seconds: float, exit_code: int) -> dict[str, object]:
    return {"marks": list(marks), "lines": lines, "seconds": seconds, "exit_code": exit_code}


def expected_lines(count: int) -> list[str]:
    return [f"line {number}" for number in range(1, count + 1)]
