"""Which calls of the Engine API there are for the spawner: method, path and query, as data. No I/O.

What is sent on is written anew from what was recognised here, so that no two programs can read one address in two ways.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, urlencode

from macropod_server.docker_gate.refusal import Refused
from macropod_server.docker_gate.strict_json import read_strictly

Kind = Literal["engine", "image", "container", "volume", "network", "new container", "new network", "list"]

ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
INSTALLATION = r"[a-z0-9][a-z0-9-]{0,62}"
INSTALLATION_LABEL = "macropod.installation"
RUN_LABEL = "macropod.run"
TASK_LABEL = "macropod.task"

_CONTAINER = rf"(?P<name>macropod-{ID})"
_VOLUME = rf"(?P<name>macropod-{INSTALLATION}-(?:(?:home|env)-{ID}|cache-[0-9]{{1,18}}))"
_NETWORK = rf"(?P<name>macropod-{INSTALLATION})"
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"
IMAGE = rf"(?:{_PART}(?::[0-9]{{1,5}})?/){{0,8}}{_PART}(?::[A-Za-z0-9_.-]{{1,128}})?(?:@sha256:[0-9a-f]{{64}})?"
_FLAG = "0|1|[Tt]rue|[Ff]alse"
_VERSION = re.compile(r"/v1\.[0-9]{1,3}(?=/)")


@dataclass(frozen=True)
class Shape:
    """One kind of call: the query may have these names and no others, each with a value that matches."""

    kind: Kind
    method: str
    path: str
    query: Mapping[str, str]
    takes_body: bool = False


SHAPES = (
    Shape("engine", "GET", "/version", {}),
    Shape("engine", "GET", "/info", {}),
    Shape("engine", "GET", "/system/df", {}),
    Shape("image", "GET", f"/images/(?P<name>{IMAGE.replace('@', '%40')})/json", {}),
    Shape(
        "list",
        "GET",
        "/containers/json",
        {"limit": "-1", "all": "1", "size": "0", "trunc_cmd": "0", "filters": ".+"},
    ),
    Shape("list", "GET", "/volumes", {"filters": ".+"}),
    Shape("list", "GET", "/networks", {"filters": ".+"}),
    Shape("new container", "POST", "/containers/create", {"name": f"macropod-{ID}"}, takes_body=True),
    Shape("new network", "POST", "/networks/create", {}, takes_body=True),
    Shape("container", "GET", f"/containers/{_CONTAINER}/json", {}),
    Shape("container", "POST", f"/containers/{_CONTAINER}/start", {}),
    Shape("container", "POST", f"/containers/{_CONTAINER}/stop", {"t": "[0-9]{1,6}"}),
    Shape(
        "container",
        "GET",
        f"/containers/{_CONTAINER}/logs",
        {"stdout": _FLAG, "stderr": _FLAG, "timestamps": "0", "follow": "0", "tail": "[0-9]{1,9}"},
    ),
    Shape("container", "DELETE", f"/containers/{_CONTAINER}", {"v": _FLAG, "link": "0|[Ff]alse", "force": _FLAG}),
    Shape("volume", "GET", f"/volumes/{_VOLUME}", {}),
    Shape("volume", "DELETE", f"/volumes/{_VOLUME}", {}),
    Shape("network", "GET", f"/networks/{_NETWORK}", {}),
)


@dataclass(frozen=True)
class Call:
    """A call that was recognised. `path` has no version; `name` is what it is about, if it is about one thing."""

    shape: Shape
    version: str
    path: str
    name: str
    query: Mapping[str, str]

    @property
    def target(self) -> str:
        """What is asked of the engine."""
        asked = f"?{urlencode(self.query)}" if self.query else ""
        return f"{self.version}{quoted(self.path)}{asked}"

    @property
    def waits_seconds(self) -> int:
        """How long the engine may rightly take before it begins: a stop waits for the container."""
        return int(self.query.get("t", 0))


def recognise(method: str, path: bytes, query: bytes, *, installation: str = "") -> Call:
    """The path and query as they came, undecoded. Raises `Refused`."""
    text = path.decode("latin-1")
    version = found.group() if (found := _VERSION.match(text)) else ""
    for shape in SHAPES:
        match = re.fullmatch(shape.path, text.removeprefix(version))
        if match and shape.method == method:
            name = match.groupdict().get("name", "").replace("%40", "@")
            asked = _read_query(shape, query, installation)
            return Call(shape, version, match.group().replace("%40", "@"), name, asked)
    raise Refused(f"This gate lets no call {method} {_printable(text)} through.")


def quoted(path: str) -> str:
    return quote(path, safe="/:")


def is_of(labels: object, installation: str) -> bool:
    """Whether these labels say that a thing is Macropod's, and of this installation where one is named."""
    marked = labels.get(INSTALLATION_LABEL) if isinstance(labels, dict) else None
    return isinstance(marked, str) and bool(marked) and installation in ("", marked)


def _read_query(shape: Shape, query: bytes, installation: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, strict_parsing=bool(query), max_num_fields=9, errors="strict"
        )
    except (ValueError, UnicodeError):
        raise Refused("The query of this call cannot be read.") from None
    asked = dict(pairs)
    if len(asked) != len(pairs):
        raise Refused("The query of this call says one thing twice.")
    for name, value in asked.items():
        if not re.fullmatch(shape.query.get(name, r"(?!)"), value):
            raise Refused(f"This gate takes no {_printable(name)}={_printable(value)} in such a call.")
    if required := {"name", "filters"} & (shape.query.keys() - asked.keys()):
        raise Refused(f"This call needs {required.pop()} in its query.")
    return _with_filters(asked, installation)


def _with_filters(asked: dict[str, str], installation: str) -> dict[str, str]:
    """A list is asked for by the label of one installation; the filter is written anew."""
    if "filters" not in asked:
        return asked
    filters: Any = read_strictly(asked["filters"].encode())
    labels = filters.get("label") if isinstance(filters, dict) and len(filters) == 1 else None
    if not isinstance(labels, list) or len(labels) != 1 or not isinstance(labels[0], str):
        raise Refused("This gate lists the things of one installation only, by its label.")
    label, _, marked = labels[0].partition("=")
    is_named = re.fullmatch(INSTALLATION, marked) and installation in ("", marked)
    if label != INSTALLATION_LABEL or not is_named:
        raise Refused(f"This gate lists no things with the label {_printable(labels[0])}.")
    return asked | {"filters": json.dumps({"label": [f"{INSTALLATION_LABEL}={marked}"]})}


def _printable(text: str) -> str:
    return ascii(text[:100])[1:-1]
