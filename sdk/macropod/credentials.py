"""Which server to ask, with which token: from arguments, environment or the file `macropod login` writes."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from macropod.errors import Invalid, NoCredentials

TOKEN_WAS_GIVEN = "The token is the one given to `Client(token=…)` or `macropod login`."


@dataclass(frozen=True)
class Credentials:
    """The address of a server and a token it knows; either may be empty while they are being gathered.

    `workspace` is the name or id of the one calls act in; empty: the token's own.
    `origin` says where the token came from and how to replace it, `token_id` by what it is revoked, if that is known.
    """

    url: str
    token: str = field(repr=False)
    origin: str = field(default=TOKEN_WAS_GIVEN, compare=False, repr=False)
    workspace: str = ""
    token_id: str = field(default="", compare=False)


def credentials_path(environ: Mapping[str, str]) -> Path:
    """The file MACROPOD_CREDENTIALS names, else macropod/credentials.json among the user's settings."""
    if environ.get("MACROPOD_CREDENTIALS"):
        return Path(environ["MACROPOD_CREDENTIALS"])
    base = environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "macropod" / "credentials.json"


def find_credentials(
    url: str | None, token: str | None, *, environ: Mapping[str, str], workspace: str | None = None
) -> Credentials:
    """Fill in what was not given. A kept token is only ever sent to the server it was kept for, and a kept workspace
    is only used with it.

    Raises `NoCredentials` saying what to do when the address or the token is still unknown then.
    """
    path = credentials_path(environ)
    found = Credentials(_clean(url), _clean(token))
    for read in (partial(_from_environment, environ), partial(_from_file, path)):
        if not (found.url and found.token):
            found = _completed(found, read())
    if not found.url or not found.token:
        raise NoCredentials(_advice(found, path))
    chosen = _clean(workspace) or _clean(environ.get("MACROPOD_WORKSPACE")) or found.workspace
    return replace(found, url=checked_url(found.url), workspace=chosen)


def checked_url(url: str) -> str:
    """The address without a final slash. Raises `Invalid` when it is not one of a web server."""
    if not url.startswith(("http://", "https://")):
        raise Invalid.field("url", f"The address {url!r} must begin with http:// or https://.")
    return _clean(url)


def save_credentials(credentials: Credentials, path: Path) -> None:
    """Write the file so that only this user can read it, whole or not at all."""
    facts = {name: getattr(credentials, name) for name in ("url", "token", "workspace", "token_id")}
    _write({name: fact for name, fact in facts.items() if fact}, path)


def keep_workspace(workspace: str, path: Path, *, url: str) -> None:
    """Note in the file that calls act in that workspace from now on. Raises `Invalid` when it is for another server."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        is_its = _clean(kept["url"]) == url
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        is_its = False
    if not is_its:
        raise Invalid.field(
            "workspace", f"The file {path} keeps no token for {url}. Run `macropod login`, or set MACROPOD_WORKSPACE."
        )
    _write(kept | {"workspace": workspace}, path)


def _write(facts: dict[str, str], path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(facts, file, indent=2)
        file.write("\n")
    aside.replace(path)


def kept_credentials(path: Path) -> Credentials:
    """What the file holds; nothing where there is none. Raises `NoCredentials` when it cannot be read."""
    return _from_file(path)


def forget_credentials(path: Path) -> None:
    path.unlink(missing_ok=True)


def _from_environment(environ: Mapping[str, str]) -> Credentials:
    origin = (
        "The token came from the variable MACROPOD_TOKEN; set another, or unset it and run `macropod login`, "
        "or `macropod-server token --save` on the server's machine."
    )
    return Credentials(_clean(environ.get("MACROPOD_URL")), _clean(environ.get("MACROPOD_TOKEN")), origin)


def _from_file(path: Path) -> Credentials:
    origin = (
        f"The token came from the file {path}; replace it with `macropod login`, or with "
        "`macropod-server token --save` on the server's machine."
    )
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        said = (_clean(kept.get(name)) for name in ("workspace", "token_id"))
        return Credentials(_clean(kept["url"]), _clean(kept["token"]), origin, *said)
    except FileNotFoundError:
        return Credentials("", "")
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise NoCredentials(
            f"The credentials file {path} cannot be read ({error!r}). Run `macropod login` to write it anew."
        ) from error


def _completed(found: Credentials, kept: Credentials) -> Credentials:
    if found.url and kept.url not in ("", found.url):
        return found
    giver = found if found.token else kept
    return Credentials(found.url or kept.url, giver.token, giver.origin, giver.workspace)


def _clean(text: str | None) -> str:
    return (text or "").strip().rstrip("/")


def _advice(found: Credentials, path: Path) -> str:
    missing = f"No token is known for {found.url}" if found.url else "It is not known which server to ask"
    login = f"macropod login --url {found.url}" if found.url else "macropod login"
    return (
        f"{missing}. Run `{login}`, or set MACROPOD_URL and MACROPOD_TOKEN. "
        f"A server started by this user writes both to {path}; if it did not, `macropod-server token --save` does."
    )
