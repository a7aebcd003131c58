"""What members of a workspace may do, and how far a token reaches into that."""

from enum import StrEnum


class Role(StrEnum):
    """Each may do what those before it may.

    viewer   read: orchestrations, tasks, runs, logs, names of connections and secrets
    runner   run: make tasks, run, pause, resume and kill them
    editor   change: upload and delete orchestrations, secrets, connections, pools; read details of connections
    owner    members and the workspace itself
    """

    VIEWER = "viewer"
    RUNNER = "runner"
    EDITOR = "editor"
    OWNER = "owner"

    def may(self, needed: "Role") -> bool:
        return _RANK[self] >= _RANK[needed]


_RANK = {role: rank for rank, role in enumerate(Role)}


class Scope(StrEnum):
    """How much of what its user may do a token may do. `admin`: all of it, accounts and tokens included."""

    READ = "read"
    RUN = "run"
    EDIT = "edit"
    ADMIN = "admin"


_MOST = {Scope.READ: Role.VIEWER, Scope.RUN: Role.RUNNER, Scope.EDIT: Role.EDITOR, Scope.ADMIN: Role.OWNER}


def within(role: Role, scope: Scope) -> Role:
    """The role a token has where its user has that one."""
    return min(role, _MOST[scope], key=_RANK.__getitem__)


OF_RUNS = Role.EDITOR
"""Code of a run may do in its workspace what who uploaded it may, and is no member of it."""
