"""What the package `wallaroo` looks for around a program: that it is a task, where its server is, and its login."""

import json
import os
from pathlib import Path

from macropod_runner.spec import Spec

_LOGIN = Path(".cache", "wallaroo_sdk", "auth", "keycloak.json")
_FAR_AHEAD = 4_102_444_800
"""The year 2100. The token is good until the run ends, so the package never has to ask for another one."""


def wallaroo_variables(spec: Spec) -> dict[str, str]:
    if spec.wallaroo is None:
        return {}
    return {"WALLAROO_TASK_ID": spec.task_id or "", "WALLAROO_URL": spec.url}


def leave_login(spec: Spec, home: Path, *, token: str) -> None:
    """As the run itself, in the name of whom the task belongs to. Raises `OSError`."""
    if spec.wallaroo is None:
        return
    login = {
        "access_token": token,
        "expiry": _FAR_AHEAD,
        "refresh_token": token,
        "refresh_token_expiry": _FAR_AHEAD,
        "user_id": spec.wallaroo["user_id"],
        "user_email": spec.wallaroo["user_email"],
    }
    path = home / _LOGIN
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        json.dump(login, file)
