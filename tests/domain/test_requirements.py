"""Requirements files: what is understood, and what is refused with the number of its line."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from macropod_server.domain.requirements import check_requirements

SHA256 = "sha256:" + "0" * 64

UNDERSTOOD = {
    "nothing": "",
    "blank lines": "\n\n   \n\t\n",
    "comments": "# one\n   # two\npandas # three\n",
    "a name": "pandas",
    "versions": "pandas>=2,<3\nnumpy==1.26.*\nscipy~=1.11\nx===1.0-odd\n",
    "spaces around versions": "pandas >= 2 , < 3",
    "extras": "requests[security,socks]>=2",
    "markers": "pywin32; sys_platform == 'win32' and python_version < '3.13'",
    "a direct reference": "wheel @ https://example.org/wheel-1.0-py3-none-any.whl",
    "a reference with a fragment": "x @ git+https://example.org/x.git@main#subdirectory=lib",
    "a link": "https://example.org/x-1.0.tar.gz#sha256=00",
    "a repository": "git+ssh://git@example.org/x.git@v1#egg=x",
    "a file link": "file:///srv/wheels/x-1.0.whl",
    "a folder": "./lib\n../lib\n.\n",
    "a wheel": "wheels/x-1.0-py3-none-any.whl\nx-1.0.tar.gz ; python_version > '3'\n./x.whl[extra]\n",
    "a joined line": "pandas \\\n  >=2, \\\n  <3\n",
    "a joined line at the end": "pandas \\",
    "a comment in a joined line": "pandas \\\n# why\nnumpy\n",
    "hashes": f"pandas==2.0 \\\n    --hash={SHA256} \\\n    --hash=sha512:{'a' * 128}\n",
    "a hash apart": f"pandas==2.0 --hash {SHA256}",
    "settings of a build": "x --config-settings=a=b --global-option=--quiet",
    "an option as value": 'x --global-option "--no-user-cfg" --config-settings --a=b',
    "another file": "-r base.txt\n--requirement base.txt\n--requirement=base.txt\n-rbase.txt\n",
    "constraints": "-c constraints.txt\n--constraint constraints.txt\n",
    "an editable": "-e .\n-e ./lib[extra]\n--editable git+https://example.org/x.git#egg=x\n",
    "options without value": "--no-index\n--pre\n--prefer-binary\n--require-hashes\n",
    "options with value": "--no-binary :all:\n--only-binary=numpy,scipy\n--trusted-host example.org\n--use-feature=x\n",
    "several options": "--no-index --only-binary :all:",
    "a quoted value": '-r "my base.txt"',
    "Windows lines": "pandas\r\nnumpy\r\n",
    "an environment variable": "x @ https://${TOKEN}@example.org/x.whl",
}

REFUSED = {
    "one equals sign": ("requirement_invalid", 1, "pandas = 2.0"),
    "no operator": ("requirement_invalid", 1, "pandas 2.0"),
    "a version without digits": ("requirement_invalid", 1, "pandas==latest"),
    "a colon": ("requirement_invalid", 1, "pandas:2.0"),
    "a dash": ("requirement_invalid", 1, "pandas-==2"),
    "prose": ("requirement_invalid", 1, "please install pandas"),
    "code": ("requirement_invalid", 1, "import pandas"),
    "a pip command": ("requirement_invalid", 1, "pip install pandas"),
    "a conda line": ("requirement_invalid", 3, "# env\n\npandas=2.0=py311_0\n"),
    "an open bracket": ("requirement_invalid", 1, "requests[security"),
    "an unknown marker": ("requirement_invalid", 1, "x; moon == 'full'"),
    "a marker without value": ("requirement_invalid", 1, "x; python_version <"),
    "binary": ("requirement_invalid", 1, "\x00\x01"),
    "a version of 5,000 digits": ("requirement_invalid", 1, "x==1." + "9" * 5000),
    "a name of 5,000 letters": ("requirement_invalid", 1, "x" * 5000),
    "a line of 70,000 letters": ("requirement_invalid", 1, "x==1" + " --hash=x" * 7500),
    "a marker of 2,000 brackets": ("requirement_invalid", 1, "x; " + "(" * 2000),
    "a bad line after a joined one": ("requirement_invalid", 3, "pandas \\\n  >=2\n= 3\n"),
    "a bad joined line": ("requirement_invalid", 2, "numpy\npandas \\\n  =2\n"),
    "a short hash": ("requirement_hash_invalid", 1, "x==1 --hash=sha256:00"),
    "a hash by MD5": ("requirement_hash_invalid", 1, "x==1 --hash=md5:" + "0" * 32),
    "a hash of other letters": ("requirement_hash_invalid", 1, "x==1 --hash=sha256:" + "z" * 64),
    "a hash without value": ("requirements_option_invalid", 1, "x==1 --hash"),
    "an option of no requirement": ("requirements_option_unknown", 1, "x==1 --upgrade"),
    "an unknown option": ("requirements_option_unknown", 1, "--upgrade pandas"),
    "an unknown short option": ("requirements_option_unknown", 1, "-U pandas"),
    "a dash alone": ("requirements_option_unknown", 2, "pandas\n- numpy\n"),
    "a list of YAML": ("requirements_option_unknown", 2, "# dependencies\n- pandas\n"),
    "another file without name": ("requirements_option_invalid", 1, "-r"),
    "an index without address": ("requirements_option_invalid", 1, "--index-url="),
    "a value for a switch": ("requirements_option_invalid", 1, "--no-index=yes"),
}


def check(text: str):
    return check_requirements(text.encode(), path="requirements.txt")


@pytest.mark.parametrize("text", UNDERSTOOD.values(), ids=UNDERSTOOD)
def test_what_pip_and_uv_understand_is_taken(text):
    assert check(text) == check("")


@pytest.mark.parametrize(("code", "line", "text"), REFUSED.values(), ids=REFUSED)
def test_a_bad_line_is_refused_with_its_number(code, line, text):
    problem, *_ = check(text).problems
    assert (problem.code, problem.where) == (code, "requirements.txt")
    assert problem.message.startswith(f"Line {line} reads ")


def test_a_refusal_quotes_the_line_says_why_and_what_to_write():
    (problem,) = check("pandas = 2.0  # pinned").problems
    assert problem.message.startswith("Line 1 reads 'pandas = 2.0': ")
    assert problem.message.endswith("Write a name and versions, such as pandas>=2.2.")


@pytest.mark.parametrize(("line", "said"), [("pandas==", "after ==. Write one"), ("pandas >=", "after >=. Write one")])
def test_a_version_that_is_missing_is_said_to_be(line, said):
    (problem,) = check(f"numpy\n{line}").problems
    assert problem.message.startswith(f"Line 2 reads {line!r}: a version is missing {said}, such as pandas>=2.2")


def test_every_bad_line_is_listed():
    problems = check("pandas = 2\nnumpy\n-x\nscipy==\n").problems
    assert [problem.message.split(" reads")[0] for problem in problems] == ["Line 1", "Line 3", "Line 4"]


def test_long_lines_are_quoted_in_part():
    (problem,) = check("? " * 5000).problems
    assert len(problem.message) < 300


@pytest.mark.parametrize(
    "line", ["macropod", "Macropod==0.1", "macropod[cli] ; python_version > '3'", "macropod @ file:///x"]
)
def test_the_sdk_is_a_warning(line):
    findings = check(f"pandas\n{line}\n")
    assert findings.problems == ()
    assert findings.warnings == (
        "Line 2 of requirements.txt: macropod is there in every run already; "
        "leave the line out unless you need another version.",
    )


@pytest.mark.parametrize("name", ["macropod-plots", "macro-pod", "xmacropod"])
def test_other_names_are_not_taken_for_the_sdk(name):
    assert check(name).warnings == ()


@pytest.mark.parametrize("option", ["-i", "--index-url", "--extra-index-url", "-f", "--find-links"])
def test_an_index_of_its_own_is_a_warning_without_its_address(option):
    (warning,) = check(f"{option} https://me:secret@example.org/simple").warnings
    assert option in warning
    assert "secret" not in warning


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_editors_write_are_read(encoding):
    content = "# Größe\npandas = 2\n".encode(encoding)
    (problem,) = check_requirements(content, path="requirements.txt").problems
    assert problem.message.startswith("Line 2 reads 'pandas = 2'")


@pytest.mark.parametrize("content", [b"caf\xe9", b"\x89PNG\r\n\x1a\n\x00", b"\xff\xfea"])
def test_what_is_no_text_is_refused(content):
    (problem,) = check_requirements(content, path="a/requirements.txt").problems
    assert (problem.code, problem.where) == ("requirements_not_text", "a/requirements.txt")


LARGE = {
    "letters": "a" * 2**20,
    "spaces": "a" + " " * 2**20 + "b",
    "dots": "x" + "." * 2**20,
    "number signs": "a " + " #" * 2**19,
    "backslashes": "\\\n" * 2**19,
    "options": ("-r " * 21_000 + "\n") * 16,
    "hashes": ("x==1 " + "--hash=sha256:00 " * 3800 + "\n") * 16,
    "open quotations": ("-r '" + "a" * 65_000 + "\n") * 16,
    "one line": "-r '" + "a" * 2**20,
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_large_files_are_answered_quickly(text):
    began = time.process_time()
    check(text)
    assert time.process_time() - began < 2


def test_ten_thousand_lines_are_taken_and_no_more():
    assert check("x\n" * 10_000).problems == ()
    (problem,) = check("x\n" * 10_001).problems
    assert problem.code == "requirements_too_large"


TYPED = st.text(alphabet="ax1=<>~!;[]()@,.-\\'\"# \n:/$", max_size=80)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.one_of(st.binary(max_size=300), TYPED.map(str.encode)))
def test_any_content_is_answered(content):
    for problem in check_requirements(content, path="requirements.txt").problems:
        assert problem.message
