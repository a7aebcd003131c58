"""Log in by password; workspaces, members, users and connections. No call of the package takes somebody's home away."""

import os

import httpx
import wallaroo
from telling import refusal, tell

client = wallaroo.Client(auth_type="user_password")
mine = client.get_current_workspace()
tell(me=client.auth.user_email(), current=mine.name(), owner=[user.email() for user in mine.users()])

houses = client.create_workspace("houses")
client.set_current_workspace(houses)
tell(
    houses={
        "name": houses.name(),
        "archived": houses.archived(),
        "created_by": houses.created_by(),
        "models": houses.models(),
        "pipelines": houses.pipelines(),
        "current": client.get_current_workspace().name(),
    }
)
tell(workspaces=[each.name() for each in client.list_workspaces()])
tell(found=client.get_workspace(name="houses").id() == houses.id())
tell(made=client.get_workspace(name="gardens", create_if_not_exist=True).name())

invited = client.invite_user("zoe@example.org", "a password of zoe")
tell(users=sorted(user.email() for user in client.list_users()))
tell(zoe=client.get_user_by_email("zoe@example.org").email(), by_id=client.get_email_by_id(mine.created_by()))
houses.add_user("zoe@example.org")
houses.add_owner("zoe@example.org")
tell(members=sorted(user.email() for user in houses.users()))
houses.remove_user("zoe@example.org")
tell(left=[user.email() for user in houses.users()])
client.deactivate_user("zoe@example.org")
tell(shut_out=client.get_user_by_email("zoe@example.org").enabled())
client.activate_user("zoe@example.org")
tell(let_in=client.get_user_by_email("zoe@example.org").enabled())

made = client.create_connection("warehouse", "postgres", {"host": "db", "password": "hush"})
tell(connection={"name": made.name(), "type": made.connection_type(), "details": made.details()})
houses.add_connection("warehouse")
tell(
    connections={
        "all": [each.name() for each in client.list_connections()],
        "of_workspace": [each.name() for each in houses.list_connections()],
        "workspaces": client.get_connection("warehouse").workspace_names(),
        "details": client.get_connection("warehouse").details(),
    }
)
tell(
    html={
        "workspaces": client.list_workspaces()._repr_html_(),
        "connection": client.get_connection("warehouse")._repr_html_(),
        "connections": client.list_connections()._repr_html_(),
    }
)
houses.remove_connection("warehouse")
tell(unlinked=[each.name() for each in houses.list_connections()])

zip_of_mine = client.upload_orchestration(path=os.environ["HELLO_ZIP"], name="of ada")
task_of_mine = zip_of_mine.run_once(name="of ada", json_args={})

refused = {
    "taken workspace": refusal(client.create_workspace, "houses"),
    "bad name": refusal(client.get_workspace, name="no good!", create_if_not_exist=True),
    "taken connection": refusal(client.create_connection, "warehouse", "postgres", {}),
    "unknown connection": refusal(client.get_connection, "unknown"),
    "unknown user": refusal(houses.add_user, "nobody@example.org"),
    "last owner": refusal(houses.remove_user, "ada@example.org"),
    "again": refusal(client.invite_user, "zoe@example.org"),
}

os.environ.update(WALLAROO_USER="zoe@example.org", WALLAROO_PASSWORD="a password of zoe")
os.environ["XDG_CACHE_HOME"] += "-zoe"
zoe = wallaroo.Client(auth_type="user_password")
tell(of_zoe={"workspace": zoe.get_current_workspace().name(), "workspaces": [w.name() for w in zoe.list_workspaces()]})
tell(tasks_of_zoe=[task.name() for task in zoe.list_tasks()])
refused |= {
    "foreign task": refusal(zoe.get_task_by_id, task_of_mine.id()),
    "foreign tasks": refusal(zoe.list_tasks, workspace_id=houses.id()),
    "foreign orchestrations": refusal(zoe.list_orchestrations, workspace_id=houses.id()),
    "foreign connection": refusal(zoe.get_connection, "warehouse"),
    "invitation": refusal(zoe.invite_user, "eve@example.org"),
    "shut out": refusal(zoe.deactivate_user, "ada@example.org"),
}
client.get_connection("warehouse").delete_connection()

home = zoe.get_current_workspace()
home.add_owner("ada@example.org")
httpx.post(
    f"{os.environ['WALLAROO_URL']}/v1/api/workspaces/remove_user",
    headers={"Authorization": f"Bearer {os.environ['ADMIN_TOKEN']}"},
    json={"workspace_id": home.id(), "email": "zoe@example.org"},
).raise_for_status()
again = wallaroo.Client(auth_type="user_password").get_current_workspace()
tell(made_again={"name": again.name(), "is_another": again.id() != home.id()})

tell(deleted=[each.name() for each in client.list_connections()])

os.environ.update(WALLAROO_PASSWORD="wrong")
os.environ["XDG_CACHE_HOME"] += "-wrong"
refused["wrong password"] = refusal(wallaroo.Client, auth_type="user_password")
del os.environ["WALLAROO_USER"], os.environ["WALLAROO_PASSWORD"]
for kind in (wallaroo.auth.AuthType.NONE, "test_auth"):
    stranger = wallaroo.Client(auth_type=kind)
    refused |= {
        f"{kind} list": refusal(stranger.list_workspaces),
        f"{kind} workspace": refusal(stranger.get_current_workspace),
        f"{kind} user": refusal(stranger.get_user_by_email, "ada@example.org"),
        f"{kind} task": refusal(stranger.get_task_by_id, task_of_mine.id()),
    }
tell(refused=refused)
