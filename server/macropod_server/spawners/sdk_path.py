"""A folder from which runs import the SDK and what it needs, and nothing else the server has installed."""

import hashlib
import os
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SDK = "macropod"
WALLAROO = {"wallaroo": Path(SDK, "wallaroo")}
"""The name by which runs import that part of the SDK, unless their requirements bring a package of this name."""


def link_sdk(data_dir: Path) -> Path:
    """The folder `data_dir/sdk`, made afresh of links into the server's own installation.

    Its path never changes, so environments that name it outlive an upgrade of the server.
    """
    links = _links()
    folder = data_dir / f"sdk-{_digest(links)}"
    folder.mkdir(parents=True, exist_ok=True)
    for name, target in links.items():
        _link(folder / name, target)
    _link(data_dir / "sdk", Path(folder.name))
    return data_dir / "sdk"


def _links() -> dict[str, Path]:
    return WALLAROO | {path.name: path for each in _closure(SDK) for path in _top_level(each)}


def _closure(name: str) -> list[Distribution]:
    found: dict[str, Distribution] = {}
    wanted = [Requirement(name)]
    seen: set[tuple[str, str]] = set()
    while wanted:
        requirement = wanted.pop()
        known = canonicalize_name(requirement.name)
        found.setdefault(known, distribution(known))
        for extra in {"", *requirement.extras} - {extra for each, extra in seen if each == known}:
            seen.add((known, extra))
            wanted += _needs(found[known], extra)
    return list(found.values())


def _needs(package: Distribution, extra: str) -> Iterator[Requirement]:
    for line in package.requires or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            yield requirement


def _top_level(package: Distribution) -> Iterator[Path]:
    parts = {file.parts[0] for file in package.files or [] if file.parts[0] != ".."}
    names = {part for part in parts if not part.endswith(".pth") and part != "__pycache__"}
    yield from (Path(str(package.locate_file(name))) for name in names)
    if all(name.endswith(".dist-info") for name in names):
        yield _editable_source(package.name)


def _editable_source(name: str) -> Path:
    spec = find_spec(name.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise LookupError(f"The package {name} is installed but its files cannot be found; install it again.")
    return Path(spec.origin).parent if spec.submodule_search_locations else Path(spec.origin)


def _digest(links: dict[str, Path]) -> str:
    listing = "\n".join(f"{name} {target}" for name, target in sorted(links.items()))
    return hashlib.sha256(listing.encode()).hexdigest()[:16]


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    aside = link.with_name(f".{link.name}.{os.getpid()}")
    aside.symlink_to(target)
    aside.replace(link)
