"""Values that are planted where secrets are kept, and every form in which a program may print one."""

import base64
import json
import random
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789/+&%äé\"'\\ "


def planted(count: int, *, seed: int = 20261127) -> list[str]:
    """Each unlike all others from its beginning on; some have several lines."""
    chance = random.Random(seed)
    return [
        f"{number:02}" + "".join(chance.choices(_ALPHABET, k=22)).strip() + ("\nsecond " + "z9" * 6) * (number % 5 == 4)
        for number in range(count)
    ]


def forms(value: str) -> Iterator[str]:
    raw = value.encode()
    yield value
    yield from (line for line in value.split("\n") if len(line) > 3)
    yield from (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1])
    yield from (quote(value), quote(value, ""), quote_plus(value))
    yield from (base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode())


PRINTING = """
import base64, json, os, sys
from urllib.parse import quote, quote_plus

import macropod

values = [value for name, value in os.environ.items() if name.startswith("PLANTED_")]
folder = os.environ["MACROPOD_SECRETS_DIR"]
values += [open(os.path.join(folder, name), encoding="utf-8", newline="").read() for name in os.listdir(folder)]
for name in macropod.task_args()["connections"]:
    details = macropod.Client().get_connection(name).details()
    values += [details["password"], details["nested"]["token"]]

print("values", len(set(values)), flush=True)
for value in values:
    raw = value.encode()
    print(value)
    print(json.dumps({"v": value}), json.dumps(value, ensure_ascii=False), repr(value), file=sys.stderr)
    print(quote(value), quote(value, ""), quote_plus(value))
    print(base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode())
    sys.stdout.write(value[:9]); sys.stdout.flush(); sys.stdout.write(value[9:] + "\\n")
    print("x" * (65536 - 40) + value + "y" * 100, flush=True)
print("printed", flush=True)
"""


def found_in(content: bytes, values: list[str]) -> list[str]:
    """Which forms stand in it, as text or escaped once more."""
    wanted = {form for value in values for form in forms(value)}
    wanted |= {json.dumps(form)[1:-1] for form in wanted}
    return sorted(form for form in wanted if form.encode() in content)


def files_with_values(folder: Path, values: list[str]) -> dict[str, list[str]]:
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and (here := found_in(path.read_bytes(), values)):
            found[str(path.relative_to(folder))] = here
    return found
