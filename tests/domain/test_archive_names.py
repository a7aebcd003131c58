"""Names that would leave the folder, that readers see differently, or that want each other's place."""

import pytest

from tests.archives import DEFLATED, STORED, UTF8_NAME, Member, archive, problem_codes, read, refusal


def named(*names: str | bytes, flags: int = 0) -> bytes:
    members = [Member(name, b"" if _is_folder(name) else b"data", STORED, flags=flags) for name in names]
    return archive(Member(), *members)


def _is_folder(name: str | bytes) -> bool:
    return name[-1:] in ("/", b"/")


DEEP = "/".join(["d"] * 129)

NAMES = {
    "an absolute path": ("name_absolute", "/etc/passwd"),
    "the root": ("name_absolute", "/"),
    "two slashes first": ("name_absolute", "//server/share"),
    "an absolute path that climbs": ("name_absolute", "/../x"),
    "a parent": ("name_parent_folder", "../evil.py"),
    "a parent inside": ("name_parent_folder", "a/../../evil.py"),
    "a parent that stays inside": ("name_parent_folder", "a/../b"),
    "a parent at the end": ("name_parent_folder", "a/.."),
    "a parent folder": ("name_parent_folder", "a/../"),
    "only a parent": ("name_parent_folder", ".."),
    "many parents": ("name_parent_folder", "../" * 100 + "root/.ssh/authorized_keys"),
    "a drive": ("name_drive_letter", "C:/windows/system.ini"),
    "a small drive": ("name_drive_letter", "c:evil.py"),
    "a drive alone": ("name_drive_letter", "Z:"),
    "a stream of a file called by one letter": ("name_drive_letter", "a:b"),
    "a backslash path": ("name_backslash", "lib\\evil.py"),
    "a backslash that climbs": ("name_backslash", "..\\evil.py"),
    "a backslash first": ("name_backslash", "\\evil.py"),
    "a share": ("name_backslash", "\\\\server\\share\\x"),
    "a drive with backslashes": ("name_backslash", "C:\\evil.py"),
    "a backslash last": ("name_backslash", "folder\\"),
    "a NUL": ("name_nul", "main.py\0.txt"),
    "a NUL first": ("name_nul", "\0main.py"),
    "a NUL last": ("name_nul", "other.py\0"),
    "a newline": ("name_control_character", "a\nb"),
    "a carriage return": ("name_control_character", "a\rb"),
    "a tab": ("name_control_character", "a\tb"),
    "an escape": ("name_control_character", "\x1b[31mred"),
    "a delete": ("name_control_character", "a\x7fb"),
    "a bell": ("name_control_character", "\x07"),
    "a C1 control": ("name_control_character", "a\x9bb"),
    "a line separator": ("name_control_character", "a\u2028b"),
    "a paragraph separator": ("name_control_character", "a\u2029b"),
    "an empty part": ("name_not_plain", "a//b"),
    "an empty last part": ("name_not_plain", "a//"),
    "a dot first": ("name_not_plain", "./main2.py"),
    "a dot inside": ("name_not_plain", "a/./b"),
    "a dot last": ("name_not_plain", "a/."),
    "a dot folder": ("name_not_plain", "./"),
    "a part of 256 bytes": ("name_part_too_long", "x" * 256),
    "a folder of 256 bytes": ("name_part_too_long", "x" * 256 + "/"),
    "a part of 258 bytes in 86 characters": ("name_part_too_long", "€" * 86),
    "a part of 60,000 bytes": ("name_part_too_long", "x" * 60_000),
    "129 folders": ("name_too_deep", DEEP + "/file"),
    "129 empty folders": ("name_too_deep", DEEP + "/"),
    "10,000 folders": ("name_too_deep", "d/" * 10_000 + "file"),
    "a path of over 3,072 bytes": ("name_too_long", "/".join(["x" * 250] * 13)),
    "no name": ("name_empty", ""),
}

RAW_NAMES = {
    "Latin-1": ("name_not_utf8", b"caf\xe9.txt", 0),
    "Latin-1 marked as UTF-8": ("name_not_utf8", b"caf\xe9.txt", UTF8_NAME),
    "a cut character": ("name_not_utf8", b"a\xe2\x82", UTF8_NAME),
    "an overlong slash": ("name_not_utf8", b"a\xc0\xafb", UTF8_NAME),
    "an overlong dot": ("name_not_utf8", b"\xc0\xae\xc0\xae/x", UTF8_NAME),
    "a surrogate": ("name_not_utf8", b"\xed\xa0\x80", UTF8_NAME),
    "beyond Unicode": ("name_not_utf8", b"\xf5\x80\x80\x80", UTF8_NAME),
    "UTF-16": ("name_not_utf8", "é.txt".encode("utf-16"), UTF8_NAME),
    "code page 437": ("name_not_utf8", "é.txt".encode("cp437"), 0),
    "Shift JIS": ("name_not_utf8", "表.txt".encode("shift_jis"), 0),
    "UTF-8 that is not marked": ("name_encoding_unmarked", "é.txt".encode(), 0),
    "UTF-8 in a folder that is not marked": ("name_encoding_unmarked", "données/".encode(), 0),
}


@pytest.mark.parametrize(("code", "name"), NAMES.values(), ids=NAMES)
def test_bad_names_are_refused(code, name):
    assert code in problem_codes(named(name))


@pytest.mark.parametrize(("code", "raw", "flags"), RAW_NAMES.values(), ids=RAW_NAMES)
def test_names_that_are_not_clearly_utf8_are_refused(code, raw, flags):
    assert problem_codes(named(raw, flags=flags)) == {code}


SAME_PLACE = {
    "the same file twice": ("duplicate_name", ["a.txt", "a.txt"]),
    "a second main.py": ("duplicate_name", ["main.py"]),
    "the same folder twice": ("duplicate_name", ["lib/", "lib/"]),
    "the same file apart": ("duplicate_name", ["a.txt", "b.txt", "lib/a.txt", "a.txt"]),
    "composed and decomposed": ("duplicate_name", ["caf\u00e9.txt", "cafe\u0301.txt"]),
    "composed and decomposed folders": ("duplicate_name", ["caf\u00e9/", "cafe\u0301/"]),
    "a file and a folder": ("file_and_folder", ["lib", "lib/"]),
    "a folder and a file": ("file_and_folder", ["lib/", "lib"]),
    "a file in a file": ("file_and_folder", ["lib", "lib/x.py"]),
    "a file in main.py": ("file_and_folder", ["main.py/x.py"]),
    "a file deep in a file": ("file_and_folder", ["lib", "lib/a/b/c/x.py"]),
    "a folder in a file": ("file_and_folder", ["lib", "lib/a/"]),
    "a file in a file, the file last": ("file_and_folder", ["lib/x.py", "lib"]),
    "with names that sort in between": ("file_and_folder", ["lib", "lib-2", "lib.py", "lib/x.py", "lib!"]),
    "a file in a decomposed file": ("file_and_folder", ["caf\u00e9", "cafe\u0301/x.py"]),
}


@pytest.mark.parametrize(("code", "names"), SAME_PLACE.values(), ids=SAME_PLACE)
def test_two_entries_cannot_have_one_place(code, names):
    assert problem_codes(named(*names)) == {code}


def test_names_that_differ_in_case_are_two_files():
    assert read(named("Makefile", "makefile")).entry_count == 3


def test_a_name_beside_a_folder_is_no_clash():
    assert read(named("lib/", "lib/x.py", "lib-x", "lib.py", "libx/y.py", "lib/x.pyc")).entry_count == 7


def test_every_bad_name_is_listed_with_its_entry():
    problems = refusal(named("/a", "../b", "c\\d", "e\nf")).problems
    assert [(problem.code, problem.where) for problem in problems] == [
        ("name_absolute", "/a"),
        ("name_parent_folder", "../b"),
        ("name_backslash", "c\\d"),
        ("name_control_character", "e\\nf"),
    ]


def test_one_name_may_have_several_problems():
    assert problem_codes(named("C:\\a\n\0")) == {
        "name_drive_letter",
        "name_backslash",
        "name_control_character",
        "name_nul",
    }


def test_names_are_shown_printable_and_short():
    problems = refusal(named("\x1b]0;title\x07", "\u202egpj.exe\n", b"\xff\n", "x" * 5000)).problems
    assert [problem.where for problem in problems] == [
        "\\x1b]0;title\\x07",
        "\\u202egpj.exe\\n",
        "\\xff\\n",
        "x" * 200 + "…",
        "x" * 200 + "…",
    ]


def test_a_hundred_problems_are_listed_and_all_are_counted():
    refused = refusal(named(*(f"/{number}" for number in range(250))))
    assert len(refused.problems) == 100
    assert refused.message == "The archive cannot be used: it has 250 problems. Told are the first 100."


def test_a_problem_of_the_archive_itself_names_it_once():
    refused = refusal(archive(Member("hello.py")))
    message = "There is no main.py in the archive; call the file that is to run main.py."
    assert refused.message == f"The archive cannot be used. {message}"


def test_a_single_problem_is_the_message():
    refused = refusal(archive(Member(), Member("/x", b"", DEFLATED)))
    assert refused.message == ("The archive cannot be used. /x: Its name is an absolute path; it has to be relative.")
