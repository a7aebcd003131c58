"""What a requirements.txt may say: requirements as `packaging` reads them, places, and pip's options."""

import re
import shlex
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from macropod_server.domain.errors import Problem

_SDK = "macropod"

_FILES = frozenset({"-r", "--requirement", "-c", "--constraint", "-e", "--editable"})
_OWN_INDEXES = frozenset({"-i", "--index-url", "--extra-index-url", "-f", "--find-links"})
_OPTIONS_WITH_VALUE = _FILES | _OWN_INDEXES | {"--no-binary", "--only-binary", "--trusted-host", "--use-feature"}
_OPTIONS_WITHOUT_VALUE = frozenset({"--no-index", "--pre", "--prefer-binary", "--require-hashes"})
_OPTIONS_OF_A_REQUIREMENT = frozenset(
    {"--hash", "--config-settings", "--config-setting", "-C", "--global-option", "--install-option"}
)

_HASH_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}
_LONGEST_REQUIREMENT = 4096
_LONGEST_LINE = 65_536
_MOST_LINES = 10_000
_SHOWN_CHARACTERS = 120

_QUOTING = frozenset("\"'\\")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$")
_WITHOUT_VERSION = re.compile(r"([A-Za-z0-9._-]{1,100})\s*([<>=!~]{1,3})")
_OPTION = re.compile(r"(?<=\s)-")
_PLACE = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://|file:|[./~]|[^\s;\[]+\.(whl|zip|tar\.gz|tgz|tar\.bz2|tar\.xz)(?=$|[\s;\[#])"
)


@dataclass(frozen=True)
class Findings:
    """What is wrong in a requirements file, and what its owner should know."""

    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Refusal:
    code: str
    reason: str


@dataclass(frozen=True)
class _Warning:
    text: str


_Remark = _Refusal | _Warning


def check_requirements(content: bytes, *, path: str) -> Findings:
    try:
        text = _decoded(content)
    except UnicodeDecodeError:
        message = "It is not text in UTF-8; save it as UTF-8."
        return Findings((Problem("requirements_not_text", path, message),), ())
    problems, warnings = [], []
    lines = list(_logical_lines(text.splitlines()))
    if len(lines) > _MOST_LINES:
        message = f"It has {len(lines)} requirements and options; {_MOST_LINES} are allowed."
        return Findings((Problem("requirements_too_large", path, message),), ())
    for number, line in lines:
        for remark in _remarks(line):
            if isinstance(remark, _Warning):
                warnings.append(f"Line {number} of {path}: {remark.text}")
            else:
                message = f"Line {number} reads {_shown(line)}: {remark.reason}"
                problems.append(Problem(remark.code, path, message))
                break
    return Findings(tuple(problems), tuple(warnings))


def _decoded(content: bytes) -> str:
    # PowerShell writes UTF-16 with a mark; pip and uv both read it.
    return content.decode("utf-16" if content.startswith(_UTF16_MARKS) else "utf-8-sig")


def _logical_lines(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Lines without comments, those that end in a backslash joined, each with the number it begins at."""
    parts: list[str] = []
    first = 0
    for number, line in enumerate(lines, start=1):
        first = first if parts else number
        is_comment = line.lstrip().startswith("#")
        parts.append("" if is_comment else line.removesuffix("\\"))
        if is_comment or not line.endswith("\\"):
            yield from _without_comment(first, parts)
            parts = []
    yield from _without_comment(first, parts)


def _without_comment(number: int, parts: list[str]) -> Iterator[tuple[int, str]]:
    line = _COMMENT.sub("", "".join(parts)).strip()
    if line:
        yield number, line


def _remarks(line: str) -> Iterator[_Remark]:
    if len(line) > _LONGEST_LINE:
        yield _Refusal("requirement_invalid", f"a line may have {_LONGEST_LINE} characters, joined ones together.")
        return
    if line.startswith("-"):
        yield from _option_remarks(line)
        return
    option = _OPTION.search(line)
    end = option.start() if option else len(line)
    yield from _requirement_remarks(line[:end].rstrip())
    yield from _requirement_option_remarks(line[end:])


def _requirement_remarks(text: str) -> Iterator[_Remark]:
    if _PLACE.match(text):
        return
    if len(text) > _LONGEST_REQUIREMENT:
        yield _Refusal("requirement_invalid", f"a requirement may have {_LONGEST_REQUIREMENT} characters.")
        return
    try:
        requirement = Requirement(text)
    except (ValueError, RecursionError):
        yield _Refusal("requirement_invalid", _unreadable(text))
        return
    if canonicalize_name(requirement.name) == _SDK:
        yield _Warning("macropod is there in every run already; leave the line out unless you need another version.")


def _unreadable(text: str) -> str:
    if found := _WITHOUT_VERSION.fullmatch(text):
        return f"a version is missing after {found[2]}. Write one, such as {found[1]}>=2.2, or the name alone."
    return "it is no requirement. Write a name and versions, such as pandas>=2.2."


def _option_remarks(line: str) -> Iterator[_Remark]:
    for option, value in _options(line):
        if option in _OPTIONS_WITHOUT_VALUE:
            if value:
                yield _Refusal("requirements_option_invalid", f"{option} takes no value.")
        elif option not in _OPTIONS_WITH_VALUE:
            yield _Refusal("requirements_option_unknown", f"there is no option {_shown(option)} in requirements files.")
        elif not value:
            yield _Refusal("requirements_option_invalid", f"{option} needs a value.")
        elif option in _OWN_INDEXES:
            yield _Warning(f"{option} lets packages come from a place that is not the server's own index.")


def _requirement_option_remarks(text: str) -> Iterator[_Remark]:
    for option, value in _options(text):
        if option not in _OPTIONS_OF_A_REQUIREMENT:
            yield _Refusal("requirements_option_unknown", f"a requirement has no option {_shown(option)}.")
        elif not value:
            yield _Refusal("requirements_option_invalid", f"{option} needs a value.")
        elif option == "--hash" and not _is_hash(value):
            yield _Refusal("requirement_hash_invalid", "a hash is written --hash=sha256: and 64 hexadecimal digits.")


def _options(text: str) -> Iterator[tuple[str, str]]:
    """Options and their values, written `--option value`, `--option=value`, `-o value` or `-ovalue`."""
    words = deque(_words(text))
    while words:
        option, _, value = words.popleft().partition("=")
        if option.startswith("-") and not option.startswith("--") and len(option) > 2:
            option, value = option[:2], option[2:] + value
        if not value and words and option in _OPTIONS_WITH_VALUE | _OPTIONS_OF_A_REQUIREMENT:
            value = words.popleft()
        yield option, value


def _words(text: str) -> list[str]:
    is_quoted = not _QUOTING.isdisjoint(text)
    try:
        return shlex.split(text) if is_quoted else text.split()
    except ValueError:
        return text.split()


def _is_hash(value: str) -> bool:
    algorithm, _, digits = value.partition(":")
    return len(digits) == _HASH_DIGITS.get(algorithm) and re.fullmatch("[0-9a-fA-F]+", digits) is not None


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…")
