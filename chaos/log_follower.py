"""`python -m chaos.log_follower URL TOKEN RUN FILE`: follow a run, write each line down, go on where the file ends."""

import sys
import time
from pathlib import Path

import macropod


def main() -> None:
    url, token, run_id, file = sys.argv[1:]
    while True:
        try:
            return follow(url, token, run_id, Path(file))
        except (macropod.ConnectionFailed, macropod.Unavailable):
            time.sleep(0.2)


def follow(url: str, token: str, run_id: str, seen: Path) -> None:
    written = seen.read_bytes() if seen.exists() else b""
    # Who was killed may have written half a line.
    whole = written[: written.rfind(b"\n") + 1]
    seen.write_bytes(whole)
    lines = whole.splitlines()
    after = int(lines[-1].split(b" ")[0]) if lines else 0
    with seen.open("ab", buffering=0) as notes, macropod.Client(url, token) as client:
        for line in client.get_run(run_id).follow(after=after):
            notes.write(f"{line.number} {line.text}\n".encode())


if __name__ == "__main__":
    main()
