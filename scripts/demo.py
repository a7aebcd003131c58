"""`make demo`: a server of its own, one real package uploaded, run, followed and scheduled."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from macropod import Client, MacropodError

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
HOME = ROOT / ".demo"
CREDENTIALS = HOME / "credentials.json"
SERVER_LOG = HOME / "server.log"
URL = f"http://127.0.0.1:{os.environ.get('MACROPOD_PORT', '8085')}"
ENVIRONMENT = os.environ | {
    "MACROPOD_DATA_DIR": str(HOME / "data"),
    "MACROPOD_CREDENTIALS": str(CREDENTIALS),
    "MACROPOD_SPAWNER": "process",
}
START_SECONDS = 30
STOP_SECONDS = 10

Server = subprocess.Popen[bytes]


def main() -> int:
    os.environ["MACROPOD_CREDENTIALS"] = str(CREDENTIALS)
    HOME.mkdir(exist_ok=True)
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

Press Ctrl-C here to stop it and all it runs. What it knows stays in {HOME.relative_to(ROOT)}/."""


def stop(server: Server) -> None:
    """Runs outlive a server by design; those of the demo end with it."""
    try:
        stop_runs()
    except MacropodError as error:
        print(f"Runs may be left: {error}", file=sys.stderr)
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def stop_runs() -> None:
    client = Client()
    unfinished = [run for run in client.list_runs() if run.ended_at is None and run.task_id]
    for task_id in {run.task_id for run in unfinished}:
        client.get_task_by_id(task_id).kill()
    for run in unfinished:
        run.wait(STOP_SECONDS + 5)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
