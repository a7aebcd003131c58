"""What a program learns about the task it runs in."""

import subprocess
import sys
from pathlib import Path

import macropod
import pytest


@pytest.fixture(autouse=True)
def _outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MACROPOD_TASK_ID", raising=False)
    monkeypatch.delenv("MACROPOD_ARGUMENTS", raising=False)


def test_a_program_knows_whether_it_runs_in_a_task(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not macropod.in_task()
    monkeypatch.setenv("MACROPOD_TASK_ID", "5f4cf3c8-3a2e-4f0e-8f44-6a1b7f2f9c22")
    assert macropod.in_task()


def test_the_arguments_are_those_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "arguments.json"
    path.write_text('{"dogs": 3.9, "name": "é"}', encoding="utf-8")
    monkeypatch.setenv("MACROPOD_ARGUMENTS", str(path))
    assert macropod.task_args() == {"dogs": 3.9, "name": "é"}


def test_a_program_can_be_tried_by_hand_with_two_variables(tmp_path: Path) -> None:
    (tmp_path / "arguments.json").write_text('{"name": "Ada"}')
    program = Path(__file__).parents[2] / "examples" / "hello" / "main.py"
    environ = {"MACROPOD_TASK_ID": "by-hand", "MACROPOD_ARGUMENTS": str(tmp_path / "arguments.json")}
    said = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True, env=environ)
    assert said.stdout == "Hello, Ada!\n"


def test_outside_a_task_asking_for_arguments_says_what_to_do() -> None:
    with pytest.raises(macropod.NotInTask, match="MACROPOD_ARGUMENTS"):
        macropod.task_args()


@pytest.mark.parametrize("text", [None, "[1]", "{", "\xff"])
def test_a_file_without_a_json_object_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    path = tmp_path / "arguments.json"
    if text is not None:
        path.write_text(text, encoding="latin-1")
    monkeypatch.setenv("MACROPOD_ARGUMENTS", str(path))
    with pytest.raises(macropod.NotInTask, match=r"arguments\.json"):
        macropod.task_args()


def test_importing_the_package_loads_none_of_its_libraries() -> None:
    program = (
        "import sys, macropod; macropod.in_task()\n"
        "heavy = {'httpx2', 'rich', 'typer', 'pathspec', 'json', 'dataclasses'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"
