"""Makes .env, the secrets of compose.yaml: each strong and random, in a file that only its owner reads."""

import argparse
import os
import secrets
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOCKET = "/var/run/docker.sock"


def main() -> int:
    arguments = _parser().parse_args()
    if arguments.file.exists() and not arguments.force:
        return _refuse(
            f"{arguments.file} is there and was not touched: the database and the bucket know the passwords in it. "
            "`make compose-env FORCE=1` makes a new one, for an installation that begins anew."
        )
    try:
        group = os.stat(arguments.socket).st_gid
    except OSError as error:
        return _refuse(
            f"There is no Docker Engine at {arguments.socket}: {error.strerror}. "
            "Name its socket: make compose-env SOCKET=…"
        )
    _write_private(arguments.file, _text(arguments.socket, group))
    print(f"Wrote {arguments.file}, readable by you only. Keep a copy where you keep passwords: a backup needs it.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, default=ROOT / ".env", help="what to write (%(default)s)")
    parser.add_argument("--socket", default=SOCKET, help="the socket of the Docker Engine (%(default)s)")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")
    return parser


def _text(socket: str, group: int) -> str:
    values = {
        "POSTGRES_PASSWORD": secrets.token_hex(32),
        "S3_ACCESS_KEY": secrets.token_hex(10),
        "S3_SECRET_KEY": secrets.token_hex(32),
        "MACROPOD_SECRET_KEY": secrets.token_hex(32),
        "MACROPOD_MASTER_KEY": secrets.token_hex(32),
        "DOCKER_SOCKET": socket,
        "DOCKER_GROUP": str(group),
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())


def _write_private(file: Path, text: str) -> None:
    """Whole or not at all; never readable by others, not for a moment."""
    aside = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    aside.replace(file)


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
