"""What of a requirements file is resolved, and what stands in it for the installer."""

import re
from typing import NamedTuple

_SDK = re.compile(r"^[ \t]*macropod(?![\w.-])(?:.*\\\r?\n)*.*\n?", re.IGNORECASE | re.MULTILINE)
_INDEX_OPTION = re.compile(r"^[ \t]*(?:-[if]|--(?:index-url|extra-index-url|find-links|no-index))\b.*$", re.MULTILINE)


class Requirements(NamedTuple):
    """`warnings` name what was left out; `index_options` are lines a lock does not repeat."""

    text: str
    warnings: tuple[str, ...]
    index_options: str


def read_requirements(text: str) -> Requirements:
    warnings = tuple(
        f"{line.group().split('#')[0].split()[0]!r} in the requirements is left out: every run has the macropod "
        "of its server."
        for line in _SDK.finditer(text)
    )
    options = "".join(f"{line.group().strip()}\n" for line in _INDEX_OPTION.finditer(text))
    return Requirements(_SDK.sub("", text), warnings, options)
