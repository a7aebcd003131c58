"""The shapes of users, workspaces, members and tokens."""

from datetime import datetime, timedelta
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from macropod_server.api import account_examples
from macropod_server.api.instants import utc_or_none
from macropod_server.api.schemas import Name, WorkspaceOut, of_row
from macropod_server.db.tables import Member, Token, User, Workspace
from macropod_server.domain.errors import Invalid
from macropod_server.domain.flavor import Flavor
from macropod_server.domain.identity import Identity
from macropod_server.domain.roles import Role, Scope

_LONGEST_LIFE_DAYS = 3660


class WorkspaceStateOut(BaseModel):
    """`paused_at` is null while runs of the workspace may start, `archived_at` while it can be changed."""

    model_config = of_row(account_examples.WORKSPACE)

    id: int
    name: str
    created_at: datetime
    paused_at: datetime | None
    paused_by: str | None
    pause_reason: str | None
    archived_at: datetime | None
    created_by: str | None = Field(description="id of the user who made it")
    default_flavor: Flavor = Field(description="of what is uploaded without one")
    role: Role = Field(description="what you are there with this token")

    @classmethod
    def of(cls, workspace: Workspace, role: Role) -> Self:
        return cls(**workspace.model_dump(), role=role)


class WorkspaceList(BaseModel):
    items: list[WorkspaceStateOut]


class _Wish(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WorkspaceIn(_Wish):
    name: str = Field(description="begins with a letter; letters, digits and '-'; 63 characters at most")


class WorkspaceChange(_Wish):
    name: str | None = None
    default_flavor: Flavor | None = Field(default=None, description="of what is uploaded without one from now on")
    archived: bool | None = None


class MemberOut(BaseModel):
    model_config = of_row(account_examples.MEMBER)

    user_id: str
    email: str
    name: str
    enabled: bool
    role: Role
    created_at: datetime

    @classmethod
    def of(cls, member: Member, user: User) -> Self:
        facts = member.model_dump() | {"email": user.email, "name": user.name}
        return cls(**facts, enabled=user.disabled_at is None)


class MemberList(BaseModel):
    items: list[MemberOut]


class MemberIn(_Wish):
    email: str
    role: Role = Role.EDITOR


class RoleIn(_Wish):
    role: Role


class UserOut(BaseModel):
    model_config = of_row(account_examples.USER)

    id: str
    email: str
    name: str
    enabled: bool
    is_admin: bool
    created_at: datetime

    @classmethod
    def of(cls, user: User, **more: object) -> Self:
        return cls(**user.model_dump() | {"enabled": user.disabled_at is None} | more)


class UserList(BaseModel):
    items: list[UserOut]


class InvitedOut(UserOut):
    password: str | None = Field(repr=False, description="where one was made: told this once")


class MeOut(UserOut):
    """Who the token speaks for, and how far it reaches."""

    default_workspace_id: int | None
    workspace_id: int | None = Field(description="where calls act that name no other")
    is_bound: bool = Field(description="whether it reaches that workspace only")
    scope: Scope
    token_id: str | None

    @classmethod
    def of_caller(cls, user: User, identity: Identity) -> Self:
        facts = {name: getattr(identity, name) for name in ("workspace_id", "is_bound", "scope", "token_id")}
        return cls.of(user, **facts)


class UserIn(_Wish):
    email: str
    name: Name | None = None
    password: SecretStr | None = Field(default=None, description="at least 12 characters; one is made when left out")
    is_admin: bool = False


class UserChange(_Wish):
    enabled: bool | None = None
    is_admin: bool | None = None
    password: SecretStr | None = None


class OwnChange(_Wish):
    name: Name | None = None
    password: SecretStr | None = Field(default=None, description="the new one; takes `old_password`")
    old_password: SecretStr | None = None


class TokenOut(BaseModel):
    model_config = of_row(account_examples.TOKEN)

    id: str
    name: str
    scope: Scope
    workspace: WorkspaceOut | None = Field(description="the only one it reaches; null: all of its user's")
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="to the minute")
    revoked_at: datetime | None

    @classmethod
    def of(cls, token: Token, workspace_name: str | None, **more: object) -> Self:
        bound = WorkspaceOut(id=token.workspace_id, name=workspace_name or "") if token.is_bound else None
        return cls(**token.model_dump() | {"workspace": bound} | more)


class TokenList(BaseModel):
    items: list[TokenOut]


class MadeTokenOut(TokenOut):
    secret: str = Field(repr=False, description="the token itself, told this once; only its digest is kept")


class TokenIn(_Wish):
    name: Name
    scope: Scope = Scope.RUN
    workspace: str | int | None = Field(default=None, description="its name or id; left out: all that are yours")
    expires_in_days: int | None = Field(default=None, strict=True, ge=1, le=_LONGEST_LIFE_DAYS)
    expires_at: datetime | None = None

    def end(self, now: datetime) -> datetime | None:
        if self.expires_in_days is None:
            return utc_or_none("expires_at", self.expires_at)
        if self.expires_at is not None:
            raise Invalid.field("expires_at", "Give either expires_at or expires_in_days.")
        return now + timedelta(days=self.expires_in_days)
