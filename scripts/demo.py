"""`make demo`: a server of its own, one real package uploaded, run, followed and scheduled."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
from macropod import Client, MacropodError

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
HOME = ROOT / ".demo"
CREDENTIALS = HOME / "credentials.json"
SERVER_LOG = HOME / "server.log"
PORT = int(os.environ.get("MACROPOD_PORT", "8085"))
URL = f"http://127.0.0.1:{PORT}"
ENVIRONMENT = os.environ | {
    "MACROPOD_DATA_DIR": str(HOME / "data"),
    "MACROPOD_CREDENTIALS": str(CREDENTIALS),
    "MACROPOD_SPAWNER": "process",
    "MACROPOD_PORT": str(PORT),
}
START_SECONDS = 30
STOP_SECONDS = 10

Server = subprocess.Popen[bytes]


def main() -> int:
    os.environ["MACROPOD_CREDENTIALS"] = str(CREDENTIALS)
    HOME.mkdir(exist_ok=True)
    refuse_taken_port()
    server = start_server()
    try:
        wait_until_ready(server)
        tell_the_story()
        print(where_it_listens(), flush=True)
        return server.wait()
    except KeyboardInterrupt:
        print("\nStopping the server and what it runs ...")
        return 0
    except subprocess.CalledProcessError as error:
        print(f"This command ended with exit code {error.returncode}; {SERVER_LOG} may tell why.", file=sys.stderr)
        return 1
    finally:
        stop(server)


def refuse_taken_port() -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", PORT))
        except OSError:
            sys.exit(f"Port {PORT} is in use, perhaps by another demo. Choose one: make demo MACROPOD_PORT=8185")


def start_server() -> Server:
    say("macropod-server serve")
    with SERVER_LOG.open("wb") as log:
        # A session of its own, so that Ctrl-C reaches this script alone and things end in their order.
        return subprocess.Popen(
            [BIN / "macropod-server", "serve"], env=ENVIRONMENT, stdout=log, stderr=log, start_new_session=True
        )


def wait_until_ready(server: Server) -> None:
    for _ in range(START_SECONDS * 10):
        if server.poll() is not None:
            sys.exit(f"The server ended at once. It said:\n{SERVER_LOG.read_text()}")
        try:
            Client().list_tasks()
        except MacropodError:
            time.sleep(0.1)
        else:
            return
    sys.exit(f"The server did not answer within {START_SECONDS} s; {SERVER_LOG} may tell why.")


def tell_the_story() -> None:
    arguments = '{"model": "forest", "trees": 60}'
    upload = (
        "orchestration",
        "upload",
        "examples/house-prices",
        "--name",
        "house prices",
        "--wait",
        "--output",
        "name",
    )
    orchestration = macropod(*upload, stdout=subprocess.PIPE).strip()
    macropod("task", "run-once", orchestration, "--name", "try it", "--json-args", arguments, "--follow")
    nightly = ("--name", "every night", "--json-args", arguments, "--output", "name")
    macropod("task", "schedule", orchestration, "0 2 * * *", *nightly)
    macropod("task", "list")
    macropod("run", "list")


def macropod(*words: str, stdout: int | None = None) -> str:
    say(" ".join(["macropod", *(f"'{word}'" if set(word) & set(' *{"') else word for word in words)]))
    done = subprocess.run([BIN / "macropod", *words], env=ENVIRONMENT, cwd=ROOT, check=True, stdout=stdout, text=True)
    return done.stdout or ""


def say(command: str) -> None:
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    print(f"\n{bold}$ {command}{plain}", flush=True)


def where_it_listens() -> str:
    return f"""
The server goes on listening on {URL}, the calls it takes are described at {URL}/docs.
From another terminal in this folder:

    export MACROPOD_CREDENTIALS={CREDENTIALS.relative_to(ROOT)}
    .venv/bin/macropod task list

Press Ctrl-C here to stop it, its schedules and all it runs. What it knows stays in {HOME.relative_to(ROOT)}/."""


def stop(server: Server) -> None:
    """Runs outlive a server by design; those of the demo end with it."""
    with suppress(MacropodError):
        kill_tasks()
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    for process in processes_left():
        with suppress(psutil.Error):
            process.kill()


def kill_tasks() -> None:
    client = Client()
    active = [task for task in client.list_tasks() if task.active]
    for task in active:
        task.kill()
    deadline = time.monotonic() + STOP_SECONDS
    while any(task.status() == "pending_kill" for task in active) and time.monotonic() < deadline:
        time.sleep(0.1)


def processes_left() -> list[psutil.Process]:
    """Whatever still works in the demo's folder, such as the installing of requirements."""
    return [process for process in psutil.process_iter() if works_in(process, HOME)]


def works_in(process: psutil.Process, folder: Path) -> bool:
    with suppress(psutil.Error):
        return Path(process.cwd()).is_relative_to(folder)
    return False


def end_politely(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, end_politely)
    sys.exit(main())
