"""What a client does with workspaces, users and tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from macropod.arguments import checked_moment, checked_name
from macropod.connection import Connection, identifier
from macropod.errors import NotFound
from macropod.option_values import checked_count
from macropod.tokens import NewToken, Token, TokenList
from macropod.users import InvitedUser, Me, User, UserList
from macropod.workspace import Workspace, WorkspaceList

_WORKSPACES, _USERS, _TOKENS = "/v1/workspaces", "/v1/users", "/v1/tokens"


class PeopleOfClient:
    """A part of `Client`."""

    _connection: Connection

    def list_workspaces(self) -> WorkspaceList:
        """The workspaces this token reaches, by name, and what you are in each."""
        answers = self._connection.get(_WORKSPACES)["items"]
        return WorkspaceList(Workspace._at(self._connection, each) for each in answers)

    def create_workspace(self, name: str) -> Workspace:
        """Make a workspace you own. Its name begins with a letter, goes on with letters, digits and `-`, and has 63
        characters at most. Raises `Conflict` when the name is taken. `Client(workspace=name)` acts in it.
        """
        answer = self._connection.post_once(_WORKSPACES, json={"name": checked_name(name)})
        return Workspace._at(self._connection, answer)

    def get_workspace(self, name: str | int, create_if_not_exist: bool = False) -> Workspace:
        """The workspace of this name or id. Raises `NotFound`, unless it is to be made then."""
        for each in self.list_workspaces():
            if str(name) in (each.name, str(each.id)):
                return each
        if create_if_not_exist:
            return self.create_workspace(str(name))
        raise NotFound(f"There is no workspace {name!r} in reach of this token. `macropod workspace list` shows those.")

    def list_users(self) -> UserList:
        """Everybody with an account on the server, by e-mail address."""
        return UserList(map(User._of, self._connection.get(_USERS)["items"]))

    def invite_user(
        self, email: str, name: str | None = None, password: str | None = None, *, is_admin: bool = False
    ) -> InvitedUser:
        """Give somebody an account; for admins. Without a password one is made, which `.password` tells this once.

        Raises `Conflict` when somebody has that address.
        """
        wish = {"email": email, "name": name, "password": password, "is_admin": is_admin}
        return InvitedUser._of(self._connection.post_once(_USERS, json=wish))

    def disable_user(self, user: User | str) -> User:
        """Let an account (or its e-mail address, or id) be used no more, at once; for admins."""
        return self._change_user(user, enabled=False)

    def enable_user(self, user: User | str) -> User:
        """Let an account (or its e-mail address, or id) be used again; for admins."""
        return self._change_user(user, enabled=True)

    def me(self) -> Me:
        """Who this token speaks for, and how far it reaches."""
        return Me._of(self._connection.get(f"{_USERS}/me"))

    def create_token(
        self,
        name: str,
        *,
        scope: str = "run",
        workspace: Workspace | str | int | None = None,
        expires_in_days: int | None = None,
        expires_at: datetime | None = None,
    ) -> NewToken:
        """Make a token of yours; `.secret` is told this once. It takes a token of the scope "admin".

        `scope` is how much of what you may do it may: "read", "run", "edit" or "admin". `workspace`, by name or id, is
        the only one it reaches; None: all of yours. It ends after so many days, at an aware datetime, or never.
        """
        bound = getattr(workspace, "id", workspace)
        ends_in = None if expires_in_days is None else checked_count("expires_in_days", expires_in_days)
        ends = {"expires_in_days": ends_in, "expires_at": checked_moment("expires_at", expires_at)}
        wish = {"name": checked_name(name), "scope": scope, "workspace": bound} | ends
        return NewToken._of(self._connection.post_once(_TOKENS, json=wish))

    def list_tokens(self) -> TokenList:
        """Your tokens, newest first, also those that are over."""
        return TokenList(map(Token._of, self._connection.get(_TOKENS)["items"]))

    def revoke_token(self, id: str) -> None:  # noqa: A002
        """Let a token of yours be refused from now on. Harmless to repeat. Raises `NotFound`."""
        self._connection.delete(f"{_TOKENS}/{identifier(id)}")

    def _change_user(self, user: User | str, **change: Any) -> User:
        answer = self._connection.patch(f"{_USERS}/{identifier(self._user_id(user))}", json=change)
        return User._of(answer)

    def _user_id(self, user: User | str) -> str:
        if isinstance(user, User):
            return user.id
        if "@" not in user:
            return user
        found = [each.id for each in self.list_users() if each.email == user.strip().lower()]
        if not found:
            raise NotFound(f"There is no user {user}. `macropod user list` shows those there are.")
        return found[0]
