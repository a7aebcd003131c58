"""Say yes or no to a device that waits to be signed in."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Form, Request, Response

from macropod_server.domain.acts import note_actor
from macropod_server.domain.errors import NotFound
from macropod_server.flows.device_login import approve_device_login, deny_device_login, find_device_login
from macropod_server.web.rendering import page, status_of, told
from macropod_server.web.sign_in import go
from macropod_server.web.visitor import VisitorDep


def show_device(request: Request, visitor: VisitorDep, code: str = "") -> Response:
    """Asks for the code, unless the address brings it."""
    if visitor.identity is None:
        wanted = "/device" + (f"?{urlencode({'code': code})}" if code else "")
        return go(f"/sign-in?{urlencode({'next': wanted})}")
    if not code:
        return page("device_code.html", code="", error=None)
    try:
        known = find_device_login(visitor.deps, code, visitor.identity.user_id, now=visitor.now)
    except NotFound as error:
        return page("device_code.html", status=status_of(request, error), code=code[:20], error=error.message)
    answer = page("device.html", code=known, email=visitor.identity.email, word=visitor.form_word)
    visitor.remember_form(answer)
    return answer


def take_answer(
    visitor: VisitorDep,
    code: Annotated[str, Form()] = "",
    answer: Annotated[str, Form()] = "",
    word: Annotated[str, Form()] = "",
) -> Response:
    visitor.check_form(word)
    if visitor.identity is None:
        return go("/sign-in?next=/device")
    user_id = visitor.identity.user_id
    note_actor(visitor.identity, action="sessions.answer_device", named={"code": code[:20]}, now=visitor.now)
    if answer != "approve":
        deny_device_login(visitor.deps, code, user_id, now=visitor.now)
        return told("Refused", "The device is not signed in. You can close this page.")
    approve_device_login(visitor.deps, code, user_id, now=visitor.now)
    return told("Device signed in", "It goes on in a moment. You can close this page.")


PAGES = (("GET", "/device", show_device), ("POST", "/device", take_answer))
