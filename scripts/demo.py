"""`make demo`: a server of its own, one real package uploaded, run, followed and scheduled."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
HOME = ROOT / ".demo"
PORT = os.environ.get("MACROPOD_PORT", "8085")
ENVIRONMENT = os.environ | {
    "MACROPOD_DATA_DIR": str(HOME / "data"),
    "MACROPOD_CREDENTIALS": str(HOME / "credentials.json"),
    "MACROPOD_SPAWNER": "process",
    "MACROPOD_PORT": PORT,
    "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
}
SERVER_LOG = HOME / "server.log"
START_SECONDS = 30


def main() -> int:
    HOME.mkdir(exist_ok=True)
    server = start_server()
    try:
        wait_until_ready(server)
        show_the_story()
        wait_for_ctrl_c(server)
    except KeyboardInterrupt:
        print("\nStopping ...")
    except subprocess.CalledProcessError as error:
        print(f"\n`{' '.join(error.cmd)}` ended with exit code {error.returncode}.", file=sys.stderr)
        return 1
    finally:
        stop(server)
    return 0


def start_server() -> "subprocess.Popen[bytes]":
    say("Starting the server", "macropod-server serve")
    with SERVER_LOG.open("wb") as log:
        return subprocess.Popen(
            [BIN / "macropod-server", "serve"], env=ENVIRONMENT, stdout=log, stderr=log, start_new_session=True
        )


def wait_until_ready(server: "subprocess.Popen[bytes]") -> None:
    from macropod import Client, MacropodError

    os.environ |= {"MACROPOD_CREDENTIALS": ENVIRONMENT["MACROPOD_CREDENTIALS"]}
    for _ in range(START_SECONDS * 10):
        if server.poll() is not None:
            sys.exit(f"The server ended at once; it said:\n{SERVER_LOG.read_text()}")
        try:
            Client().list_tasks()
        except MacropodError:
            time.sleep(0.1)
        else:
            return
    sys.exit(f"The server did not answer within {START_SECONDS} s; see {SERVER_LOG}.")


def show_the_story() -> None:
    house_prices = "examples/house-prices"
    orchestration = macropod("orchestration", "upload", house_prices, "--name", "house prices", "--wait", "-o", "name")
    arguments = '{"model": "forest", "trees": 60}'
    macropod("task", "run-once", orchestration, "--name", "try it", "--args", arguments, "--follow", show=True)
    macropod("task", "schedule", orchestration, "0 2 * * *", "--name", "every night", "--args", arguments, show=True)
    macropod("task", "list", show=True)
    macropod("run", "list", show=True)


def macropod(*words: str, show: bool = False) -> str:
    say("", " ".join(["macropod", *(f"'{word}'" if " " in word else word for word in words)]))
    done = subprocess.run(
        [BIN / "macropod", *words], env=ENVIRONMENT, cwd=ROOT, check=True, text=True, stdout=None if show else subprocess.PIPE
    )
    return "" if show else done.stdout.strip()


def say(what: str, command: str) -> None:
    print(f"\n{what + ': ' if what else ''}\033[1m$ {command}\033[0m" if sys.stdout.isatty() else f"\n$ {command}", flush=True)


def wait_for_ctrl_c(server: "subprocess.Popen[bytes]") -> None:
    credentials = Path(ENVIRONMENT["MACROPOD_CREDENTIALS"]).relative_to(ROOT)
    print(
        f"\nThe server listens on http://127.0.0.1:{PORT} (its API is described at /docs) until you press Ctrl-C here.\n"
        f"To use it from another terminal in this folder: export MACROPOD_CREDENTIALS={credentials}\n"
        f"then for example: .venv/bin/macropod task list",
        flush=True,
    )
    if sys.stdin.isatty() or os.environ.get("MACROPOD_DEMO_STAY", "1") == "1":
        server.wait()


def stop(server: "subprocess.Popen[bytes]") -> None:
    """End the server and every run it started: they belong to this demo only."""
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
