"""`make demo` tells its story, listens, and leaves nothing behind; its package comes from a folder, not the network."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path):
    """The demo in a folder of its own: what it leaves must not touch this checkout; requirements left out."""
    folder = tmp_path / "checkout"
    (folder / "scripts").mkdir(parents=True)
    (folder / "scripts" / "demo.py").write_text((ROOT / "scripts" / "demo.py").read_text())
    package = folder / "examples" / "house-prices"
    package.mkdir(parents=True)
    (package / "main.py").write_text(
        "import time, macropod\nprint('fitting', macropod.task_args()['model'])\ntime.sleep(1)\nprint('done')\n"
    )
    return folder


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(checkout, port):
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MACROPOD_")}
    return subprocess.Popen(
        [sys.executable, "scripts/demo.py"],
        cwd=checkout,
        env=environ | {"MACROPOD_PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def read_until(demo, text):
    said = ""
    for line in demo.stdout:
        said += line
        if text in line:
            return said
    raise AssertionError(f"The demo ended without {text!r}:\n{said}")


def left_in(folder):
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def assert_nothing_is_left(folder):
    for _ in range(100):
        if not left_in(folder):
            return
        time.sleep(0.05)
    assert left_in(folder) == []


def test_the_demo_tells_its_story_twice_and_leaves_nothing_behind(checkout):
    port = free_port()
    for _ in range(2):
        demo = start(checkout, port)
        said = read_until(demo, "Press Ctrl-C")
        for part in ("fitting forest", "done", "every night", "0 2 * * *", f"listening on http://127.0.0.1:{port}"):
            assert part in said
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=30)
        assert demo.returncode == 0
        assert_nothing_is_left(checkout)
    assert len(re.findall(r"every night.*Scheduled Run.*True", said)) == 1


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGHUP, signal.SIGTERM])
def test_a_demo_that_is_ended_during_its_run_leaves_nothing_behind(checkout, how):
    demo = start(checkout, free_port())
    read_until(demo, "fitting forest")
    demo.send_signal(how)
    demo.communicate(timeout=30)
    assert_nothing_is_left(checkout)


def test_a_port_that_is_in_use_is_said_at_once(checkout):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        demo = start(checkout, taken.getsockname()[1])
        said, _ = demo.communicate(timeout=30)
    assert (demo.returncode, "is in use" in said) == (1, True)
