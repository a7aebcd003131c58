"""The command `package`, with the real installer and wheels made here."""

import os
import re
import stat
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.runner.runner_process import RunnerProcess
from tests.runner.server_double import ServerDouble
from tests.runner.wheels import index, make_broken_source, make_wheel


@pytest.fixture
def links(tmp_path: Path) -> Path:
    make_wheel(tmp_path / "links", "quoll", requires=("bilby>=2",))
    make_wheel(tmp_path / "links", "bilby", version="2.1")
    return tmp_path / "links"


def packaging(requirements: str, *, settings: dict[str, str], **spec: Any) -> ServerDouble:
    return ServerDouble(
        {"main.py": "", "requirements.txt": requirements},
        kind="packaging",
        requirements="requirements.txt",
        environment_variables=settings,
        **spec,
    )


def found_in(links: Path) -> dict[str, str]:
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(links)}


def package(server: ServerDouble, folder: Path, **variables: str) -> RunnerProcess:
    with RunnerProcess(server, folder, command="package", **variables) as runner:
        assert runner.wait(seconds=60) == 0
    return runner


def said_by(runner: RunnerProcess, code: str, **variables: str) -> str:
    command = (str(runner.environment / "bin" / "python"), "-c", code)
    return subprocess.run(command, capture_output=True, text=True, check=True, env=variables).stdout.strip()


def test_data_packages_come_last_where_a_run_has_them(tmp_path: Path, links: Path) -> None:
    with packaging("quoll\n", settings=found_in(links)) as server:
        runner = package(server, tmp_path)
    (tmp_path / "sdk").mkdir()
    ends = "import sys; print(*sys.path[-2:])"
    site_packages = next(runner.environment.glob("lib/python*/site-packages"))
    assert said_by(runner, ends) == f"{site_packages} {tmp_path}/sdk"
    assert said_by(runner, ends, MACROPOD_DATA_PACKAGES="/data") == f"{tmp_path}/sdk /data"


def test_requirements_are_locked_with_hashes_and_installed(tmp_path: Path, links: Path) -> None:
    with packaging("quoll\n", settings=found_in(links)) as server:
        runner = package(server, tmp_path)
    assert server.end["reason"] == "completed"
    lock = server.locks[0]["lock"]
    assert re.findall(r"^(\w+==[\d.]+) \\\n    --hash=sha256:[0-9a-f]{64}$", lock, re.M) == ["bilby==2.1", "quoll==1.0"]
    assert said_by(runner, "import quoll, bilby; print(quoll.version, bilby.version)") == "1.0 2.1"
    assert "Resolved 2 packages" in server.lines[0].text
    assert " + quoll==1.0" in server.texts_of("stderr")


def test_the_lock_is_reported_with_python_and_platform(tmp_path: Path, links: Path) -> None:
    with packaging("bilby\n", settings=found_in(links)) as server:
        package(server, tmp_path)
    (told,) = server.locks
    assert re.fullmatch(r"[0-9a-f]{64}", told["digest"])
    assert told["python"].startswith("cpython 3.")
    assert told["platform"].startswith("linux-")
    assert told["warnings"] == []


def test_the_digest_depends_on_what_is_locked_and_not_on_how_it_was_asked_for(tmp_path: Path, links: Path) -> None:
    digests = []
    for number, requirements in enumerate(["quoll", "# a remark\nbilby\nquoll==1.0", "bilby"]):
        folder = tmp_path / str(number)
        folder.mkdir()
        with packaging(requirements, settings=found_in(links)) as server:
            server.lock_actions = ["share"]
            # The folder of the SDK is part of the digest; the runs of one server have the same.
            package(server, folder, MACROPOD_RUNNER_SDK=str(tmp_path / "sdk"))
        digests.append(server.locks[0]["digest"])
    assert digests[0] == digests[1] != digests[2]


def test_the_sdk_comes_last_on_the_path(tmp_path: Path, links: Path) -> None:
    (tmp_path / "sdk").mkdir()
    (tmp_path / "sdk" / "macropod.py").write_text("here = True")
    (tmp_path / "sdk" / "bilby.py").write_text("version = 'of the SDK'")
    with packaging("bilby", settings=found_in(links)) as server:
        runner = package(server, tmp_path)
    assert said_by(runner, "import macropod, bilby; print(macropod.here, bilby.version)") == "True 2.1"


def test_nothing_in_the_environment_can_be_written(tmp_path: Path, links: Path) -> None:
    with packaging("bilby", settings=found_in(links)) as server:
        runner = package(server, tmp_path)
    paths = [runner.environment, *runner.environment.rglob("*")]
    writable = [path for path in paths if not path.is_symlink() and path.stat().st_mode & 0o222]
    assert writable == []
    assert list(runner.environment.rglob("bilby*.pyc"))
    assert (runner.environment / "bin" / "python").resolve().stat().st_mode & stat.S_IWUSR


def test_an_environment_somebody_else_built_is_shared(tmp_path: Path, links: Path) -> None:
    with packaging("bilby", settings=found_in(links)) as server:
        server.lock_actions = ["wait", "wait", "share"]
        runner = package(server, tmp_path)
    assert len(server.locks) == 3
    assert server.end["reason"] == "completed"
    assert not runner.environment.exists()


def test_a_line_that_names_the_sdk_is_left_out_with_a_warning(tmp_path: Path, links: Path) -> None:
    requirements = "macropod==0.1 \\\n    --hash=sha256:00\nbilby\nMacropod [x] >= 2 ; python_version > '3'\n"
    with packaging(requirements, settings=found_in(links)) as server:
        package(server, tmp_path)
    assert server.end["reason"] == "completed"
    assert server.locks[0]["warnings"] == server.texts_of("system")
    assert [text.split(" in the ")[0] for text in server.texts_of("system")] == ["'macropod==0.1'", "'Macropod'"]


def test_names_that_only_begin_like_the_sdk_stay(tmp_path: Path, links: Path) -> None:
    make_wheel(links, "macropod_tools")
    with packaging("macropod-tools", settings=found_in(links)) as server:
        package(server, tmp_path)
    assert server.locks[0]["lock"].startswith("macropod-tools==1.0")


def test_empty_requirements_make_an_empty_environment(tmp_path: Path, links: Path) -> None:
    with packaging("# nothing yet\n", settings=found_in(links)) as server:
        runner = package(server, tmp_path)
    assert server.end["reason"] == "completed"
    assert said_by(runner, "print('works')") == "works"


def test_what_cannot_be_resolved_fails_in_the_resolvers_words(tmp_path: Path, links: Path) -> None:
    with packaging("quoll\nbilby<2\n", settings=found_in(links)) as server:
        package(server, tmp_path)
    assert (server.end["reason"], server.end["exit_code"]) == ("packaging_failed", 1)
    assert server.end["message"].startswith("No solution found when resolving dependencies: ")
    assert "you require bilby<2" in server.end["message"]
    assert any("you require bilby<2" in text for text in server.texts_of("stderr"))
    assert server.locks == []


def test_what_cannot_be_built_fails_and_tells_all_in_the_log(tmp_path: Path, links: Path) -> None:
    make_broken_source(links, "wombat", build="raise RuntimeError('the wombat is shy')")
    with packaging("wombat", settings=found_in(links)) as server:
        package(server, tmp_path)
    assert server.end["reason"] == "packaging_failed"
    assert "wombat" in server.end["message"]
    assert any("the wombat is shy" in text for text in server.texts)


def test_a_private_index_with_a_password_is_used(tmp_path: Path, links: Path) -> None:
    with index(links, user="joey:secret") as url, packaging("quoll", settings={"PIP_INDEX_URL": url}) as server:
        package(server, tmp_path)
    assert server.end["reason"] == "completed"
    assert "http" not in server.locks[0]["lock"]
    assert not any("secret" in text for text in server.texts)


def test_an_extra_index_is_used_too(tmp_path: Path, links: Path) -> None:
    more = tmp_path / "more"
    make_wheel(more, "numbat", requires=("quoll",))
    with index(links) as url, index(more) as more_url:
        settings = {"PIP_INDEX_URL": url, "PIP_EXTRA_INDEX_URL": more_url}
        with packaging("numbat", settings=settings) as server:
            package(server, tmp_path)
    assert server.end["reason"] == "completed"


def test_an_index_named_in_the_requirements_is_used_for_installing_too(tmp_path: Path, links: Path) -> None:
    with index(links) as url, packaging(f"--index-url {url}\nquoll", settings={}) as server:
        package(server, tmp_path)
    assert server.end["reason"] == "completed"


def test_settings_in_the_installers_own_names_win(tmp_path: Path, links: Path) -> None:
    settings = {"PIP_NO_INDEX": "true", "PIP_FIND_LINKS": "/nowhere", "UV_FIND_LINKS": str(links)}
    with packaging("quoll", settings=settings) as server:
        package(server, tmp_path)
    assert server.end["reason"] == "completed"


def test_settings_for_an_installer_in_the_zip_are_not_followed(tmp_path: Path, links: Path) -> None:
    files = {"main.py": "", "requirements.txt": "bilby", "uv.toml": "offline = 'not even valid'"}
    changes = {"kind": "packaging", "requirements": "requirements.txt", "environment_variables": found_in(links)}
    with ServerDouble(files, **changes) as server:
        package(server, tmp_path)
    assert server.end["reason"] == "completed"


def test_packaging_keeps_its_time_limit_with_all_processes_of_a_build(tmp_path: Path, links: Path) -> None:
    pid_file = tmp_path / "pid"
    build = f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(1000)"
    make_broken_source(links, "wombat", build=build)
    with packaging("wombat", settings=found_in(links), timeout_seconds=3, grace_seconds=0.2) as server:
        package(server, tmp_path)
    assert server.end["reason"] == "time_limit"
    assert server.end["message"] == "The run reached its time limit of 3 s and was stopped."
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


def test_packaging_can_be_killed_while_it_awaits_another(tmp_path: Path, links: Path) -> None:
    with packaging("bilby", settings=found_in(links)) as server:
        server.lock_actions = ["wait"]
        with RunnerProcess(server, tmp_path, command="package") as runner:
            server.await_call("lock")
            server.kill()
            began = time.monotonic()
            assert runner.wait() == 0
            assert time.monotonic() - began < 10
    assert server.end["reason"] == "kill_requested"


def test_requirements_that_are_not_there_could_not_be_started(tmp_path: Path) -> None:
    changes = {"kind": "packaging", "requirements": "deep/requirements.txt"}
    with ServerDouble({"main.py": ""}, **changes) as server:
        package(server, tmp_path)
    assert server.end["reason"] == "could_not_start"
    assert "deep/requirements.txt" in server.end["message"]


def test_an_installer_that_is_not_there_could_not_be_started(tmp_path: Path, links: Path) -> None:
    with packaging("bilby", settings=found_in(links)) as server:
        package(server, tmp_path, MACROPOD_RUNNER_UV="/no/uv")
    assert (server.end["reason"], server.end["message"]) == (
        "could_not_start",
        "/no/uv could not be started: No such file or directory.",
    )
