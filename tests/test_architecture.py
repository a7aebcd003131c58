"""The house keeps its shape: what style and design promise, checked on the code itself."""

import ast
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from macropod_server.api.task_schemas import TaskIn, TaskOut
from macropod_server.domain import errors
from macropod_server.domain.run import FINAL, STATUS_OF, Reason, RunStatus, may_move
from macropod_server.settings import Settings

ROOT = Path(__file__).parents[1]
SOURCES = ("server/macropod_server", "sdk/macropod", "runner-image/macropod_runner")
TESTED = (*SOURCES, "scripts", "examples", "benchmarks", "chaos", "alembic")
FUNCTION_LINES, FILE_LINES, TEST_LINES = 40, 300, 400
BANNED_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "service", "misc"}


def python_files(*folders):
    """Migrations are left out: they tell what tables were, statement by statement."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if not {"__pycache__", "versions"} & set(path.parts))


def tree_of(path):
    return ast.parse(path.read_text(), filename=str(path))


def functions(path):
    return [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_imports_point_one_way():
    done = subprocess.run([Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", python_files(*TESTED, "tests"), ids=lambda path: str(path.relative_to(ROOT)))
def test_functions_and_files_fit_on_a_screen_or_three(path):
    most = TEST_LINES if "tests" in path.relative_to(ROOT).parts else FILE_LINES
    assert len(path.read_text().splitlines()) <= most
    long = [node.name for node in functions(path) if node.end_lineno - node.lineno + 1 > FUNCTION_LINES]
    assert long == []


@pytest.mark.parametrize("path", python_files(*SOURCES), ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_say_what_they_are_for_and_have_telling_names(path):
    assert path.stem not in BANNED_NAMES
    if path.read_text().strip():
        assert ast.get_docstring(tree_of(path))


def test_only_one_module_writes_the_status_of_a_run():
    writers = [
        path.relative_to(ROOT).as_posix()
        for path in python_files("server/macropod_server")
        if re.search(r"\brun\.status\s*=[^=]|update\(Run\).*status=|insert\(RunEvent\)", path.read_text())
    ]
    assert writers == ["server/macropod_server/db/runs.py"]


def test_only_the_settings_read_the_environment():
    readers = {
        path.relative_to(ROOT / "server/macropod_server").as_posix()
        for path in python_files("server/macropod_server")
        if re.search(r"os\.environ|os\.getenv", path.read_text())
    }
    assert readers <= {"settings.py", "settings_reading.py", "cli.py", "adapters.py"}, (
        "cli and adapters hand it on; everybody else gets settings"
    )


def test_the_clock_is_read_in_one_place():
    readers = {
        path.relative_to(ROOT / "server/macropod_server").as_posix()
        for path in python_files("server/macropod_server")
        if re.search(r"datetime\.now\(|utcnow\(|time\.time\(", path.read_text())
    }
    assert readers == {"app.py"}


def test_flows_measure_time_with_what_they_are_handed():
    readers = [
        path.name
        for folder in ("flows", "domain", "db")
        for path in python_files(f"server/macropod_server/{folder}")
        if re.search(r"monotonic\(|perf_counter\(|time\.sleep\(", path.read_text())
    ]
    assert readers == []


def test_the_runner_uses_the_standard_library_only():
    foreign = {
        name
        for path in python_files("runner-image/macropod_runner")
        for name in imported_modules(path)
        if name.partition(".")[0] not in sys.stdlib_module_names | {"macropod_runner"}
    }
    assert foreign == set()


def imported_modules(path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@pytest.mark.parametrize(
    ("library", "module"),
    [
        ("docker", "docker.py"),
        ("kubernetes", "kubernetes.py"),
        ("boto3", "s3_bucket.py"),
        ("botocore", "s3_bucket.py"),
    ],
)
def test_an_outside_system_is_known_to_one_module(library, module):
    importers = [
        path.name
        for path in python_files("server/macropod_server")
        if any(name.partition(".")[0] == library for name in imported_modules(path))
    ]
    assert importers in ([], [module])


def test_every_reason_leads_to_one_final_status():
    assert set(STATUS_OF) == set(Reason)
    assert all(may_move(RunStatus.RUNNING, status) for status in FINAL)
    assert not any(may_move(final, target) for final in FINAL for target in RunStatus)


def documented(page):
    return (ROOT / "docs" / page).read_text()


@pytest.mark.parametrize("setting", [each.name for each in fields(Settings) if each.name != "package_index"])
def test_every_setting_is_documented(setting):
    assert f"`MACROPOD_{setting.upper()}`" in documented("settings.md")


@pytest.mark.parametrize("word", [*RunStatus, *Reason])
def test_every_status_and_reason_of_a_run_is_documented(word):
    assert f"`{word}`" in documented("run-lifecycle.md")


@pytest.mark.parametrize(
    "kind", [kind for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "code")]
)
def test_every_error_is_documented(kind):
    if kind.code != "error" and issubclass(kind, errors.MacropodError):
        assert f"`{kind.code}`" in documented("errors.md")


@pytest.mark.parametrize("field", sorted({*TaskIn.model_fields, *TaskOut.model_fields}))
def test_every_field_of_a_task_is_documented(field):
    section = documented("api.md").partition("## Tasks")[2].partition("## Runs")[0]
    assert f"`{field}`" in section


def test_nothing_is_left_for_later():
    marks = re.compile(r"#.*\b(TODO|FIXME|XXX)\b|\braise NotImplementedError")
    left = [str(path) for path in python_files(*TESTED) if marks.search(path.read_text())]
    assert left == []
