"""Secrets reach main.py as variables and files, and nothing of them is left, shown or told elsewhere."""

import base64
import os
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.runner.runner_process import RunnerProcess, run
from tests.runner.server_double import ServerDouble

LOOK = """
import os, stat, sys
folder = os.environ["MACROPOD_SECRETS_DIR"]
print("folder", folder, oct(stat.S_IMODE(os.stat(folder).st_mode)))
for name in sorted(os.listdir(folder)):
    path = f"{folder}/{name}"
    print(name, oct(stat.S_IMODE(os.stat(path).st_mode)), ascii(open(path, newline="").read()))
"""


def folder_of(server) -> Path:
    return Path(server.texts[0].split()[1])


def test_secrets_are_variables_of_main_py_and_of_nothing_else(tmp_path: Path) -> None:
    main = """
import os
print(os.environ["PGPASSWORD"], os.environ["HOME"], "MACROPOD_SECRETS_DIR" in os.environ)
print("hunter22" in open(f"/proc/{os.getppid()}/environ").read())
print("hunter22" in open("/proc/self/cmdline").read() + open(f"/proc/{os.getppid()}/cmdline").read())
"""
    with ServerDouble({"main.py": main}, secrets={"PGPASSWORD": "hunter22", "HOME": "/elsewhere"}) as server:
        run(server, tmp_path)
    assert server.texts == [f"hunter22 {tmp_path / 'home'} False", "False", "False"]


def test_secrets_are_files_that_only_their_run_reads_and_that_go_with_it(tmp_path: Path) -> None:
    files = {"tls.key": "line\r\nline ä\n", "token": "t0ken"}
    with ServerDouble({"main.py": LOOK}, run_id=f"run-{os.getpid()}", secret_files=files) as server:
        run(server, tmp_path)
    assert server.texts[0].endswith(" 0o700")
    assert server.texts[1:] == [r"tls.key 0o400 'line\r\nline \xe4\n'", "token 0o400 't0ken'"]
    assert folder_of(server) == Path(f"/dev/shm/macropod-run-{os.getpid()}")
    assert not folder_of(server).exists()


def test_where_there_is_no_place_in_memory_they_are_files_of_the_run_and_go_too(tmp_path: Path) -> None:
    taken = Path(f"/dev/shm/macropod-taken-{os.getpid()}")
    taken.mkdir()
    try:
        with ServerDouble({"main.py": LOOK}, run_id=f"taken-{os.getpid()}", secret_files={"token": "t0ken"}) as server:
            run(server, tmp_path)
    finally:
        taken.rmdir()
    assert folder_of(server) == tmp_path / "spool" / "secrets"
    assert not folder_of(server).exists()


@pytest.mark.parametrize("end", ["raise SystemExit(3)", "import os; os.kill(os.getpid(), 9)"])
def test_files_go_however_the_run_ends(tmp_path: Path, end: str) -> None:
    main = f"import os\nprint('folder', os.environ['MACROPOD_SECRETS_DIR'], flush=True)\n{end}"
    with ServerDouble({"main.py": main}, run_id=f"ends-{os.getpid()}", secret_files={"token": "t0ken"}) as server:
        run(server, tmp_path)
    assert not folder_of(server).exists()


def test_the_runner_keeps_no_secret_on_its_disk_nor_in_its_own_output(tmp_path: Path) -> None:
    value = "hunter22/ä"
    forms = [value, quote(value), base64.b64encode(value.encode()).decode()[:-2]]
    main = f"import os\nfor form in {forms!r}:\n    print('it is', form, flush=True)\nprint(os.environ['TOKEN'])"
    with (
        ServerDouble({"main.py": main}, secrets={"TOKEN": value}, masked=forms) as server,
        RunnerProcess(server, tmp_path) as runner,
    ):
        runner.wait()
    assert all("***" in text for text in server.texts)
    (tmp_path / "home" / "main.py").unlink()
    files = [each for each in tmp_path.rglob("*") if each.is_file() and not each.is_symlink()]
    assert runner.output in files
    for each in files:
        content = each.read_bytes()
        assert not any(form.encode() in content for form in forms), each
