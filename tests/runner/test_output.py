"""What main.py prints, of any kind and any amount, as the server gets it."""

import os
import resource
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.runner.runner_process import RunnerProcess, run
from tests.runner.server_double import ServerDouble


def texts_of(main: str, folder: Path) -> list[str]:
    with ServerDouble({"main.py": main}) as server:
        assert run(server, folder) == 0
    return server.texts


def test_output_of_any_kind_arrives(tmp_path: Path) -> None:
    main = r"""
import os
os.write(1, b"bad \xff\n")
os.write(1, b"nul \0 ansi \x1b[1m carriage\r\n")
os.write(1, b"\n")
os.write(1, "half \u20ac".encode()[:-1])
import time; time.sleep(0.05)
os.write(1, "\u20ac".encode()[-1:] + b"\n")
os.write(1, b"no newline")
"""
    assert texts_of(main, tmp_path) == [
        "bad \ufffd",
        "nul \0 ansi \x1b[1m carriage\r",
        "",
        "half €",
        "no newline",
    ]


def test_a_line_of_one_megabyte_is_cut_and_marked(tmp_path: Path) -> None:
    (text,) = texts_of("print('x' * 1_000_000)", tmp_path)
    assert text == "x" * 65536 + " [cut here: the line has 1,000,000 bytes]"


def test_both_streams_arrive_in_the_order_they_were_written(tmp_path: Path) -> None:
    main = """
import sys, time
for number in range(10):
    print(number, file=sys.stderr if number % 3 else sys.stdout)
    time.sleep(0.02)
"""
    with ServerDouble({"main.py": main}) as server:
        run(server, tmp_path)
    assert server.texts == [str(number) for number in range(10)]
    assert server.texts_of("stdout") == ["0", "3", "6", "9"]


def test_lines_carry_the_time_they_were_printed(tmp_path: Path) -> None:
    main = "import time; print(time.time()); time.sleep(0.3); print(time.time())"
    with ServerDouble({"main.py": main}) as server:
        run(server, tmp_path)
    for line in server.lines:
        assert abs(line.printed_at - datetime.fromtimestamp(float(line.text), UTC)) < timedelta(seconds=0.2)


def test_a_line_is_sent_while_the_run_runs(tmp_path: Path) -> None:
    main = "print('early'); import time; time.sleep(60)"
    with ServerDouble({"main.py": main}) as server, RunnerProcess(server, tmp_path):
        server.await_line("early", seconds=5)


def test_all_output_is_copied_to_the_runners_own(tmp_path: Path) -> None:
    main = "import sys; print('out'); print('err', file=sys.stderr)"
    with ServerDouble({"main.py": main}) as server, RunnerProcess(server, tmp_path) as runner:
        runner.wait()
    assert sorted(runner.output.read_text().splitlines()) == ["err", "out"]


def test_an_own_output_nobody_reads_holds_nothing_up(tmp_path: Path) -> None:
    main = "for number in range(200_000): print(number, 'x' * 40)"
    with ServerDouble({"main.py": main}) as server:
        fifo = tmp_path / "output.log"
        os.mkfifo(fifo)
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        try:
            assert run(server, tmp_path) == 0
        finally:
            os.close(reader)
        assert len(server.lines) == 200_000


def test_a_million_lines_to_a_slow_server_are_all_there_and_in_order(tmp_path: Path) -> None:
    main = """
import sys
for start in range(0, 1_000_000, 500):
    sys.stdout.write("".join(f"line number {number}\\n" for number in range(start, start + 500)))
"""
    with ServerDouble({"main.py": main}) as server:
        server.seconds_per_batch = 0.1
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert run(server, tmp_path, seconds=120) == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert len(server.lines) == 1_000_000
    assert all(line.text == f"line number {at}" for at, line in enumerate(server.lines))
    assert server.end["lines"] == 1_000_000
    all_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert all_seconds - server.end["cpu_seconds"] < 1.5


def test_a_million_small_writes_do_not_wake_the_runner_a_million_times(tmp_path: Path) -> None:
    main = "import os\nfor number in range(200_000): os.write(1, b'small\\n')"
    with ServerDouble({"main.py": main}) as server:
        assert run(server, tmp_path) == 0
        assert len(server.lines) == 200_000
    assert len({line.printed_at for line in server.lines}) < 5_000
