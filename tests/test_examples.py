"""The examples are whole: they compile, are pinned, and do by hand what examples/README.md says of them."""

import ast
import csv
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pytest
from packaging.requirements import Requirement

EXAMPLES = Path(__file__).parents[1] / "examples"
FAILING = EXAMPLES / "failing"
HOUSE_PRICES = EXAMPLES / "house-prices"
FOLDERS = sorted(each for each in [*EXAMPLES.iterdir(), *FAILING.iterdir()] if each.is_dir() and each != FAILING)
MIB = 1024**2


def by_hand(**more: str) -> dict[str, str]:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MACROPOD_")}
    return outside | {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"} | more


def as_a_task(folder: Path, arguments: dict[str, Any]) -> dict[str, str]:
    file = folder / "arguments.json"
    file.write_text(json.dumps(arguments))
    return by_hand(MACROPOD_TASK_ID="a-task", MACROPOD_ARGUMENTS=str(file))


def run(example: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(example / "main.py")]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=30, check=False)


@contextmanager
def begun(example: Path) -> Iterator[tuple[subprocess.Popen[str], Iterator[str]]]:
    command = [sys.executable, str(example / "main.py")]
    with subprocess.Popen(command, env=by_hand(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, iter(process.stdout.readline, "")
        finally:
            process.kill()


def houses() -> list[dict[str, str]]:
    with (HOUSE_PRICES / "houses.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def columns_read() -> set[str]:
    tree = ast.parse((HOUSE_PRICES / "houses.py").read_text())
    constants = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    return {"id", *constants["WORDS"], *constants["NUMBERS"], constants["PRICE"]}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_example_has_a_main_and_compiles(folder: Path) -> None:
    assert (folder / "main.py").is_file()
    for module in folder.glob("*.py"):
        compile(module.read_text(), module, "exec")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_readme_tells_of_every_example(folder: Path) -> None:
    assert f"| `{folder.relative_to(EXAMPLES)}` |" in (EXAMPLES / "README.md").read_text()


def test_every_requirement_is_pinned_to_one_version() -> None:
    lines = [line for file in EXAMPLES.rglob("requirements.txt") for line in file.read_text().splitlines()]
    assert {Requirement(line).name for line in lines} == {"pandas", "scikit-learn"}
    assert all([each.operator for each in Requirement(line).specifier] == ["=="] for line in lines)


def test_hello_greets_the_world_by_hand() -> None:
    assert run(EXAMPLES / "hello", by_hand()).stdout == "Hello, world!\n"


def test_hello_greets_by_the_name_a_task_gives_it(tmp_path: Path) -> None:
    environ = as_a_task(tmp_path, {"name": "wallaroo"})
    assert run(EXAMPLES / "hello", environ).stdout == "Hello, wallaroo!\n"


def test_the_exception_ends_with_its_traceback_and_code_1() -> None:
    ended = run(FAILING / "exception", by_hand())
    assert (ended.returncode, ended.stdout) == (1, "Monday: 3.9\n")
    assert ended.stderr.endswith("KeyError: 'Tuesday'\n")


def test_the_exit_code_is_3() -> None:
    ended = run(FAILING / "exit_code", by_hand())
    assert (ended.returncode, ended.stderr) == (3, "3 of 10 files are missing.\n")


def test_the_one_that_outlives_its_timeout_is_still_at_work_after_a_line() -> None:
    with begun(FAILING / "timeout") as (process, lines):
        assert next(lines) == "Still at work after 0 s.\n"
        assert process.poll() is None


def test_the_one_that_exceeds_its_memory_really_holds_what_it_says() -> None:
    with begun(FAILING / "memory") as (process, lines):
        assert "Holding 96 MiB.\n" in lines
        assert psutil.Process(process.pid).memory_info().rss >= 96 * MIB


def test_the_table_of_houses_has_the_columns_that_are_read() -> None:
    table = houses()
    assert len(table) == 1500
    assert set(table[0]) == columns_read()
    assert (HOUSE_PRICES / "houses.csv").stat().st_size < 200_000


def test_the_generator_makes_the_table_that_is_shipped() -> None:
    generator = runpy.run_path(str(EXAMPLES / "make_house_prices.py"))
    made = generator["make_houses"](Random(generator["SEED"]))
    assert [{name: str(value) for name, value in each.items()} for each in made] == houses()


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"model": "tree"}, "model is 'tree'"),
        ({"model": ["forest"]}, "model is ['forest']"),
        ({"trees": 0}, "trees is 0"),
        ({"trees": True}, "trees is True"),
        ({"trees": 80.5}, "trees is 80.5"),
        ({"test_share": "0.2"}, "test_share is '0.2'"),
        ({"test_share": 0.9}, "test_share is 0.9"),
        ({"dogs": 3.9}, "'dogs' is not known"),
    ],
)
def test_an_argument_that_cannot_be_used_is_named_with_its_value(given: dict[str, Any], word: str) -> None:
    arguments = runpy.run_path(str(HOUSE_PRICES / "arguments.py"))
    [problem] = arguments["problems"](given)
    assert problem.startswith(word)


@pytest.mark.parametrize("given", [{}, {"model": "linear"}, {"trees": 1, "test_share": 0.5}])
def test_good_arguments_have_no_problems(given: dict[str, Any]) -> None:
    assert runpy.run_path(str(HOUSE_PRICES / "arguments.py"))["problems"](given) == []


def test_house_prices_refuses_all_wrong_arguments_at_once_before_it_loads_anything(tmp_path: Path) -> None:
    ended = run(HOUSE_PRICES, as_a_task(tmp_path, {"trees": -1, "dogs": 3.9}))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert len(ended.stderr.splitlines()) == 3
