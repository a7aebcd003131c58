"""Which secrets a task wants, and how its runs get them: as environment variables, or as files of a folder."""

import re
from collections.abc import Iterable, Mapping, Sequence

from macropod_server.domain.errors import Invalid

LONGEST_SECRET_NAME = 100
LONGEST_VALUE_BYTES = 64 * 1024
MOST_SECRETS = 50

Wish = Sequence[str] | Mapping[str, str]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_OURS = ("MACROPOD_", "LD_", "PYTHON")
_TAKEN = frozenset({"PATH", "HOME", "TMPDIR", "LANG", "VIRTUAL_ENV", "TRACEPARENT"})


def check_secret_name(where: str, name: str) -> str:
    if len(name) > LONGEST_SECRET_NAME or not _NAME.fullmatch(name):
        raise Invalid.field(
            where,
            f"{name[:LONGEST_SECRET_NAME]!r} is no name of a secret; take 1 to {LONGEST_SECRET_NAME} letters, digits, "
            "'_', '-' and '.', not beginning with '-' or '.'.",
        )
    return name


def check_value(value: str) -> str:
    """Raises `Invalid`, which does not tell the value."""
    if not value:
        raise Invalid.field("value", "The value is empty; give a text, or delete the secret.")
    if "\0" in value or any("\ud800" <= each <= "\udfff" for each in value):
        raise Invalid.field(
            "value", "The value has a character that no environment variable can hold; encode it, as in Base64."
        )
    if (size := len(value.encode())) > LONGEST_VALUE_BYTES:
        raise Invalid.field("value", f"The value is {size:,} bytes; at most {LONGEST_VALUE_BYTES:,} are taken.")
    return value


def wanted_variables(wish: Wish) -> dict[str, str]:
    """The name of the secret by that of the variable. A list names both: what no variable may have becomes `_`."""
    pairs = wish.items() if isinstance(wish, Mapping) else ((_as_variable(name), name) for name in wish)
    found = _once("secrets", pairs)
    for variable in found:
        if not _VARIABLE.fullmatch(variable):
            raise Invalid.field("secrets", f"{variable[:80]!r} is no name of an environment variable.")
        if variable in _TAKEN or variable.upper().startswith(_OURS):
            raise Invalid.field("secrets", f"The environment variable {variable} is not for secrets; name another.")
    return found


def wanted_files(wish: Wish) -> dict[str, str]:
    """The name of the secret by that of the file."""
    pairs = wish.items() if isinstance(wish, Mapping) else ((name, name) for name in wish)
    found = _once("secret_files", pairs)
    for file in found:
        check_secret_name("secret_files", file)
    return found


def _once(where: str, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for place, name in pairs:
        if found.get(place, name) != name:
            raise Invalid.field(where, f"{place!r} would be of two secrets, {found[place]!r} and {name!r}.")
        found[place] = check_secret_name(where, name)
    if len(found) > MOST_SECRETS:
        raise Invalid.field(where, f"There are {len(found)} secrets; at most {MOST_SECRETS} are given to a run.")
    return found


def _as_variable(name: str) -> str:
    variable = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return f"_{variable}" if variable[:1].isdigit() else variable
