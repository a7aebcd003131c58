"""The fork server over its pipe, with stand-ins for the runner that do one thing each."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import macropod_runner
import pytest

RUNNER = str(Path(macropod_runner.__file__).parent.parent)
BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from macropod_runner import forkserver\n"
MAIN = {
    "exit": "def main(environ): return int(environ['CODE'])",
    "raise": "def main(environ): raise RuntimeError('the runner broke')",
    "sleep": "import time\ndef main(environ): time.sleep(60)",
    "speak": "def main(environ): print('spoken', environ['WORD'])\nreturn 0".replace("\nreturn", "; return"),
    "look": (
        "import os, json, resource, signal\n"
        "def main(environ):\n"
        "    status = open('/proc/self/status').read()\n"
        "    print(json.dumps({'files': [os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd')"
        " if os.path.exists(f'/proc/self/fd/{n}')],\n"
        "        'core': resource.getrlimit(resource.RLIMIT_CORE)[1], 'leads': os.getsid(0) == os.getpid(),\n"
        "        'no_new_privileges': 'NoNewPrivs:\\t1' in status, 'child': str(signal.getsignal(signal.SIGCHLD)),\n"
        "        'open_files': resource.getrlimit(resource.RLIMIT_NOFILE)[1]}))\n"
        "    return 0"
    ),
}


class Server:
    """A fork server whose runner is a stand-in."""

    def __init__(self, main: str) -> None:
        program = f"{BOOT}{MAIN[main]}\nforkserver.serve(main)"
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", program, RUNNER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )

    def order(self, folder: Path, **environ: str) -> dict[str, object]:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"folder": str(folder), "environ": environ}).encode() + b"\n")
        self.process.stdin.flush()
        answer: dict[str, object] = json.loads(self.process.stdout.readline())
        return answer

    def close(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(timeout=5)
        self.process.stdout.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Server]]:
    servers: list[Server] = []

    def start_one(main: str) -> Server:
        servers.append(Server(main))
        return servers[-1]

    yield start_one
    for pid_file in tmp_path.glob("*/pid"):
        with contextlib.suppress(ProcessLookupError):
            if not (pid_file.parent / "exit").exists():
                os.kill(int(pid_file.read_text()), signal.SIGKILL)
    for each in servers:
        each.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "run"
    made.mkdir()
    return made


def wait_for(path: Path) -> str:
    patience = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < patience, f"{path.name} never came"
        time.sleep(0.005)
    return path.read_text()


def exit_code(folder: Path) -> int:
    code: int = json.loads(wait_for(folder / "exit"))["exit_code"]
    return code


def test_an_order_runs_the_runner_with_its_environment(start: Callable[[str], Server], folder: Path) -> None:
    assert start("speak").order(folder, WORD="hello") == {"started": True}
    assert exit_code(folder) == 0
    assert (folder / "output.log").read_text() == "spoken hello\n"


def test_the_exit_code_of_the_runner_is_written(start: Callable[[str], Server], folder: Path) -> None:
    start("exit").order(folder, CODE="7")
    assert exit_code(folder) == 7


def test_a_runner_that_raises_exits_with_one_and_leaves_its_traceback(
    start: Callable[[str], Server], folder: Path
) -> None:
    start("raise").order(folder)
    assert exit_code(folder) == 1
    assert "RuntimeError: the runner broke" in (folder / "output.log").read_text()


def test_a_killed_runner_has_its_signal_as_exit_code(start: Callable[[str], Server], folder: Path) -> None:
    start("sleep").order(folder)
    os.kill(int(wait_for(folder / "pid")), signal.SIGKILL)
    assert exit_code(folder) == -signal.SIGKILL


def test_a_second_order_starts_nothing_while_the_first_runs(start: Callable[[str], Server], folder: Path) -> None:
    server = start("sleep")
    server.order(folder)
    pid = wait_for(folder / "pid")
    assert server.order(folder) == {"started": False}
    assert (folder / "pid").read_text() == pid


def test_a_second_order_starts_nothing_after_the_end(start: Callable[[str], Server], folder: Path) -> None:
    server = start("speak")
    server.order(folder, WORD="once")
    wait_for(folder / "exit")
    assert server.order(folder, WORD="twice") == {"started": False}
    assert (folder / "output.log").read_text() == "spoken once\n"


def test_of_two_fork_servers_one_starts_the_run(start: Callable[[str], Server], folder: Path) -> None:
    first, second = start("sleep"), start("sleep")
    assert first.order(folder) == {"started": True}
    assert second.order(folder) == {"started": False}


def test_runs_outlive_their_fork_server(start: Callable[[str], Server], folder: Path) -> None:
    server = start("sleep")
    server.order(folder)
    pid = int(wait_for(folder / "pid"))
    server.close()
    os.kill(pid, 0)
    os.kill(pid, signal.SIGKILL)


def test_a_folder_that_is_not_there_is_answered_with_the_error(start: Callable[[str], Server], tmp_path: Path) -> None:
    answer = start("exit").order(tmp_path / "nowhere", CODE="0")
    assert "No such file" in str(answer["error"])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_run_inherits_limits_and_no_open_files(start: Callable[[str], Server], tmp_path: Path) -> None:
    server = start("look")
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        server.order(tmp_path / name)
        wait_for(tmp_path / name / "exit")
    seen = json.loads((tmp_path / "second" / "output.log").read_text())
    assert sorted(set(seen.pop("files"))) == [
        "/dev/null",
        str(tmp_path / "second" / "lock"),
        str(tmp_path / "second" / "output.log"),
    ]
    assert seen.pop("open_files") <= 16_384
    assert seen == {"core": 0, "leads": True, "no_new_privileges": True, "child": "0"}
