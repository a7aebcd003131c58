"""Users, their workspaces, members and tokens; also when two ask for the same at once."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier

import pytest
from macropod_server.db import access, accounts
from macropod_server.db.tables import Member, Token, User, Workspace
from macropod_server.domain.errors import Conflict, Invalid, NotFound, TooMany, Unauthorized
from macropod_server.domain.passwords import is_password
from macropod_server.domain.roles import Role, Scope
from macropod_server.flows.change_members import remove_member, set_member
from macropod_server.flows.change_user import change_own_password, set_admin, set_enabled, set_password
from macropod_server.flows.create_workspace import create_workspace, ensure_default_workspace
from macropod_server.flows.identify import identify
from macropod_server.flows.invite_user import invite_user
from macropod_server.flows.make_token import make_token, revoke_token
from macropod_server.flows.refresh_session import refresh_session
from macropod_server.flows.sign_in import sign_in
from macropod_server.installation import join_installation

from tests.builders import NOON, WORKSPACE, all_rows

PASSWORD = "correct horse battery"


def invite(deps, name="ada", **facts):
    return invite_user(deps, f"{name}@example.org", password=PASSWORD, now=NOON, **facts).user


def admin_of(deps):
    with deps.database.read() as session:
        return accounts.first_admin(session)


def at_the_same_time(*actions):
    barrier = Barrier(len(actions))

    def act(action):
        barrier.wait()
        try:
            return action()
        except Conflict as refusal:
            return refusal

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(act, actions))


def test_who_is_invited_has_a_password_and_a_workspace(deps):
    invited = invite_user(deps, " Ada@Example.org ", now=NOON)
    assert invited.user.email == "ada@example.org"
    assert is_password(invited.user.password_hash, invited.password)
    assert invited.password not in repr(invited)
    with deps.database.read() as session:
        ((workspace, role),) = accounts.workspaces_of(session, invited.user.id)
    assert (workspace.name, role) == ("ada@example.org - Default Workspace", Role.OWNER)
    assert workspace.id == invited.user.default_workspace_id


def test_an_address_is_taken_once(deps):
    invite(deps)
    with pytest.raises(Conflict, match=r"a user ada@example\.org already"):
        invite(deps, "ADA")
    with pytest.raises(Invalid, match="12 to 1024"):
        invite_user(deps, "b@example.org", password="short", now=NOON)


def test_of_two_invitations_at_once_one_holds(deps, restarted):
    answers = at_the_same_time(*[lambda each=each: invite(each) for each in (deps, restarted) * 2])
    assert sum(isinstance(each, Conflict) for each in answers) == 3
    assert len(all_rows(deps, Workspace)) == 2


def test_of_two_workspaces_of_a_name_made_at_once_one_is(deps, restarted):
    owner = invite(deps)
    made = [lambda each=each: create_workspace(each, "mine", owner_id=owner.id, now=NOON) for each in (deps, restarted)]
    answers = at_the_same_time(*made * 2)
    assert sum(isinstance(each, Conflict) for each in answers) == 3
    with deps.database.read() as session:
        found = [workspace.name for workspace, _ in accounts.workspaces_of(session, owner.id)]
    assert found == ["ada@example.org - Default Workspace", "mine"]


def test_a_default_workspace_asked_for_twice_at_once_is_one(deps, restarted):
    with deps.database.write() as session:
        session.add(User(id="x", email="x@example.org", name="x", created_at=NOON))
    asked = [lambda each=each: ensure_default_workspace(each, "x", now=NOON).id for each in (deps, restarted)]
    assert len(set(at_the_same_time(*asked * 2))) == 1
    assert len(all_rows(deps, Member)) == 2


def test_who_was_removed_from_their_default_workspace_gets_another(deps):
    ada, ben = invite(deps), invite(deps, "ben")
    home = ada.default_workspace_id
    set_member(deps, home, ben.id, Role.OWNER, now=NOON)
    remove_member(deps, home, ada.id, now=NOON)
    assert ensure_default_workspace(deps, ada.id, now=NOON).name == "ada@example.org - Default Workspace 2"


def test_members_come_change_and_go(deps):
    ada = invite(deps)
    assert set_member(deps, WORKSPACE, ada.id, Role.VIEWER, now=NOON).role is Role.VIEWER
    assert set_member(deps, WORKSPACE, ada.id, Role.EDITOR, now=NOON).role is Role.EDITOR
    with deps.database.read() as session:
        found = [(user.email, member.role) for member, user in accounts.members(session, WORKSPACE)]
    assert found == [("ada@example.org", Role.EDITOR), ("admin@localhost", Role.OWNER)]
    assert [remove_member(deps, WORKSPACE, ada.id, now=NOON) for _ in range(2)] == [1, 0]


@pytest.mark.parametrize(("workspace_id", "user_id"), [(99, None), (WORKSPACE, "nobody")])
def test_nobody_and_nowhere_are_not_found(deps, workspace_id, user_id):
    with pytest.raises(NotFound):
        set_member(deps, workspace_id, user_id or invite(deps).id, Role.VIEWER, now=NOON)


def test_the_last_owner_stays(deps):
    admin = admin_of(deps)
    with pytest.raises(Conflict, match="only owner"):
        set_member(deps, WORKSPACE, admin.id, Role.EDITOR, now=NOON)
    with pytest.raises(Conflict, match="only owner"):
        remove_member(deps, WORKSPACE, admin.id, now=NOON)


def test_of_two_owners_who_leave_at_once_one_stays(deps, restarted):
    admin, ada = admin_of(deps), invite(deps)
    set_member(deps, WORKSPACE, ada.id, Role.OWNER, now=NOON)
    answers = at_the_same_time(
        lambda: remove_member(deps, WORKSPACE, admin.id, now=NOON),
        lambda: set_member(restarted, WORKSPACE, ada.id, Role.VIEWER, now=NOON),
    )
    assert sum(isinstance(each, Conflict) for each in answers) == 1
    with deps.database.read() as session:
        assert [member.role for member, _ in accounts.members(session, WORKSPACE)].count(Role.OWNER) == 1


def test_there_is_always_an_admin_who_can_come_in(deps, restarted):
    admin, ada = admin_of(deps), invite(deps, is_admin=True)
    with pytest.raises(Conflict, match="yourself"):
        set_enabled(deps, admin.id, enabled=False, now=NOON, caller_id=admin.id)
    answers = at_the_same_time(
        lambda: set_enabled(deps, admin.id, enabled=False, now=NOON, caller_id=ada.id),
        lambda: set_admin(restarted, ada.id, is_admin=False, caller_id=admin.id),
    )
    assert sum(isinstance(each, Conflict) for each in answers) == 1


def test_who_is_disabled_can_use_nothing_until_enabled(deps):
    ada = invite(deps)
    secret, _ = make_token(deps, user_id=ada.id, name="laptop", scope=Scope.RUN, now=NOON)
    set_enabled(deps, ada.id, enabled=False, now=NOON)
    with pytest.raises(Unauthorized, match="is disabled"):
        identify(deps, secret, now=NOON)
    set_enabled(deps, ada.id, enabled=True, now=NOON)
    assert identify(deps, secret, now=NOON).email == ada.email


def test_a_password_is_set_anew(deps):
    ada = set_password(deps, invite(deps).id, "another long password", NOON)
    assert is_password(ada.password_hash, "another long password")


def test_a_new_password_ends_what_was_signed_in_with_the_old_one(deps):
    ada = set_password(deps, invite(deps).id, "another long password", NOON)
    signed_in = sign_in(deps, ada.email, "another long password", address="192.0.2.7", now=NOON)
    assert identify(deps, signed_in.access_token, now=NOON).email == ada.email
    set_password(deps, ada.id, "a third long password", NOON)
    with pytest.raises(Unauthorized):
        identify(deps, signed_in.access_token, now=NOON)
    with pytest.raises(Unauthorized):
        refresh_session(deps, signed_in.refresh_token, now=NOON)


def test_the_old_password_is_not_guessed_through_a_change_of_it(deps):
    ada = set_password(deps, invite(deps).id, "another long password", NOON)
    secret, _ = make_token(deps, user_id=ada.id, name="laptop", scope=Scope.ADMIN, now=NOON)
    who = identify(deps, secret, now=NOON)

    def guess(number):
        new = "a third long password"
        change_own_password(deps, who, old=f"guess {number}", new=new, address="192.0.2.7", now=NOON)

    def guess_on():
        for number in range(1, 100):
            with suppress(Invalid):
                guess(number)

    with pytest.raises(Invalid, match="old password is not right"):
        guess(0)
    with pytest.raises(TooMany):
        guess_on()


def test_a_token_reaches_what_it_was_made_for(deps):
    ada = invite(deps)
    secret, token = make_token(deps, user_id=ada.id, name="laptop", scope=Scope.READ, now=NOON)
    found = identify(deps, secret, now=NOON)
    assert (found.workspace_id, found.is_bound, found.scope) == (ada.default_workspace_id, False, Scope.READ)
    assert (found.token_id, secret[:4], secret in str(token.model_dump())) == (token.id, "mpu_", False)
    home = ada.default_workspace_id
    secret, _ = make_token(deps, user_id=ada.id, name="ci", scope=Scope.RUN, workspace_id=home, now=NOON)
    assert identify(deps, secret, now=NOON).is_bound
    with pytest.raises(NotFound, match="no workspace '1' in reach"):
        make_token(deps, user_id=ada.id, name="ci", scope=Scope.RUN, workspace_id=WORKSPACE, now=NOON)


def test_a_token_ends_at_its_time_or_when_it_is_revoked(deps):
    ada, hour = invite(deps), timedelta(hours=1)
    facts = {"user_id": ada.id, "name": "ci", "scope": Scope.RUN, "now": NOON}
    with pytest.raises(Invalid, match="which is over"):
        make_token(deps, **facts, expires_at=NOON)
    secret, token = make_token(deps, **facts, expires_at=NOON + hour)
    with pytest.raises(Unauthorized, match="expired"):
        identify(deps, secret, now=NOON + hour)
    first = revoke_token(deps, token.id, user_id=ada.id, now=NOON)
    assert revoke_token(deps, token.id, user_id=ada.id, now=NOON + hour).revoked_at == first.revoked_at
    with pytest.raises(Unauthorized, match="revoked"):
        identify(deps, secret, now=NOON)
    with pytest.raises(NotFound, match="no token"):
        revoke_token(deps, token.id, user_id=admin_of(deps).id, now=NOON)


def test_tokens_from_before_there_were_users_are_the_first_admins(deps):
    with deps.database.write() as session:
        session.add(Token(sha256="0" * 64, workspace_id=WORKSPACE, name="old", created_at=NOON))
    join_installation(deps.settings, deps.database, deps.run_key, now=NOON)
    admin = admin_of(deps)
    with deps.database.read() as session:
        (token,) = access.tokens_of(session, admin.id)
    assert revoke_token(deps, token.id, user_id=admin.id, now=NOON).name == "old"
