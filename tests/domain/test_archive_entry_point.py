"""Which file is run and which one lists the requirements."""

import pytest

from tests.archives import STORED, Member, archive, problem_codes, read, refusal

ENTRY_POINTS = {
    "at the root": (["main.py"], "main.py"),
    "at the root, whatever else is there": (["a/main.py", "main.py", "b/main.py"], "main.py"),
    "in a folder": (["project/main.py", "project/data.csv"], "project/main.py"),
    "in the shallower folder": (["a/b/c/main.py", "z/main.py"], "z/main.py"),
    "in the first of two folders": (["b/main.py", "a/main.py"], "a/main.py"),
    "by bytes and not by language": (["a/main.py", "Z/main.py"], "Z/main.py"),
    "by bytes, capitals before others": (["é/main.py", "z/main.py"], "z/main.py"),
    "by bytes of the whole path": (["a/main.py", "a-b/main.py"], "a-b/main.py"),
    "not among macOS extras": (["__MACOSX/main.py", "x/y/main.py"], "x/y/main.py"),
    "not among macOS extras deeper down": (["x/__MACOSX/main.py", "x/y/z/main.py"], "x/y/z/main.py"),
    "not a resource fork": (["._main.py", "x/main.py"], "x/main.py"),
}

WITHOUT_ENTRY_POINT = {
    "no file": [],
    "another name": ["app.py"],
    "another case": ["Main.py", "MAIN.PY"],
    "another ending": ["main.pyc", "main.py.txt"],
    "only a folder": ["main.py/x"],
    "only a macOS extra": ["__MACOSX/main.py"],
}


def holding(*names: str) -> bytes:
    return archive(*(Member(name) for name in names), Member("notes.txt"))


def with_requirements(content: bytes, name: str = "requirements.txt", **spoiled) -> bytes:
    return archive(Member(), Member(name, content, **spoiled))


@pytest.mark.parametrize(("names", "expected"), ENTRY_POINTS.values(), ids=ENTRY_POINTS)
def test_the_entry_point_is_the_main_py_nearest_to_the_root(names, expected):
    assert read(holding(*names)).entry_point == expected


@pytest.mark.parametrize("names", WITHOUT_ENTRY_POINT.values(), ids=WITHOUT_ENTRY_POINT)
def test_an_archive_without_main_py_is_refused(names):
    assert problem_codes(holding(*names)) == {"no_entry_point"}


def test_an_archive_without_any_entry_is_refused():
    assert problem_codes(b"PK\x05\x06" + bytes(18)) == {"no_entry_point"}


def test_a_folder_called_main_py_is_no_entry_point():
    assert problem_codes(archive(Member("main.py/", b"", STORED))) == {"no_entry_point"}


def test_requirements_are_found_anywhere():
    assert read(holding("main.py")).requirements is None
    assert read(with_requirements(b"pandas\n")).requirements == "requirements.txt"
    assert read(with_requirements(b"pandas\n", "project/conf/requirements.txt")).requirements == (
        "project/conf/requirements.txt"
    )


def test_requirements_among_macos_extras_do_not_count():
    data = archive(
        Member(),
        Member("requirements.txt", b"pandas\n"),
        Member("__MACOSX/requirements.txt", b"\x00\x05\x16\x07"),
        Member("__MACOSX/._requirements.txt", b"\x00\x05\x16\x07"),
    )
    assert read(data).requirements == "requirements.txt"


def test_several_requirements_are_refused_by_name():
    data = archive(Member(), Member("requirements.txt", b""), Member("lib/requirements.txt", b""))
    (problem,) = refusal(data).problems
    assert problem.code == "several_requirements"
    assert problem.message == (
        "There is more than one requirements.txt: requirements.txt, lib/requirements.txt; keep one."
    )


def test_very_many_requirements_are_refused_with_some_names():
    data = archive(Member(), *(Member(f"{number}/requirements.txt", b"") for number in range(50)))
    (problem,) = refusal(data).problems
    assert "and 40 more" in problem.message


def test_bad_requirements_are_refused_with_line_numbers():
    (problem,) = refusal(with_requirements(b"# tables\npandas = 2\n", "project/requirements.txt")).problems
    assert (problem.code, problem.where) == ("requirement_invalid", "project/requirements.txt")
    assert problem.message.startswith("Line 2 reads 'pandas = 2'")


def test_bad_requirements_are_listed_beside_other_problems():
    data = archive(Member("/main.py"), Member("requirements.txt", b"pandas = 2\n"))
    assert problem_codes(data) == {"name_absolute", "requirement_invalid"}


def test_damaged_requirements_are_not_read():
    damaged = with_requirements(b"pandas = 2\n", method=STORED, packed=b"pandas = 3\n")
    assert problem_codes(damaged) == {"bad_crc"}


def test_requirements_of_over_a_mebibyte_are_refused():
    assert problem_codes(with_requirements(b"#" * (1024**2 + 1))) == {"requirements_too_large"}
    assert read(with_requirements(b"#" * 1024**2)).requirements == "requirements.txt"


def test_a_line_for_macropod_is_a_warning():
    (warning,) = read(with_requirements(b"pandas\nMacropod>=0.1\n")).warnings
    assert warning.startswith("Line 2 of requirements.txt: macropod is there in every run already")
