"""Who looks at a page: the cookies of their browser, and the word that shows a form was ours."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Annotated

from fastapi import Depends, Request, Response

from macropod_server.deps import Deps
from macropod_server.domain.access_tokens import derived_key
from macropod_server.domain.addresses import caller_address
from macropod_server.domain.errors import Forbidden
from macropod_server.domain.identity import Identity
from macropod_server.domain.sign_in import LONGEST
from macropod_server.flows.page_session import find_page_session

_SESSION, _FORM, _LOGIN = "macropod", "macropod-form", "macropod-login"


@dataclass(frozen=True)
class Visitor:
    deps: Deps
    now: datetime
    address: str
    origin: str
    cookies: dict[str, str] = field(repr=False)

    @property
    def is_https(self) -> bool:
        return self.origin.startswith("https://")

    @property
    def secret(self) -> str:
        return self.cookies.get(self._named(_SESSION), "")

    @property
    def brought(self) -> str:
        """What their browser carries for a log-in through a provider."""
        return self.cookies.get(self._named(_LOGIN), "")

    @cached_property
    def identity(self) -> Identity | None:
        return find_page_session(self.deps, self.secret, now=self.now)

    @cached_property
    def form_secret(self) -> str:
        return self.cookies.get(self._named(_FORM)) or secrets.token_urlsafe(24)

    @property
    def form_word(self) -> str:
        """Put into each form; another site cannot know it."""
        key = derived_key(self.deps.run_key, "forms")
        return hmac.new(key, f"{self.form_secret} {self.secret}".encode(), hashlib.sha256).hexdigest()

    def check_form(self, word: str) -> None:
        """Raises `Forbidden` for a form that was not made for this browser, or before it was signed in."""
        is_ours = bool(self.cookies.get(self._named(_FORM)))
        if not is_ours or not hmac.compare_digest(word.encode(), self.form_word.encode()):
            raise Forbidden(
                "This form was open for too long, or is of another site. Go back, load it anew and try again."
            )

    def remember_form(self, response: Response) -> None:
        if self._named(_FORM) not in self.cookies:
            self._keep(response, _FORM, self.form_secret)

    def remember_session(self, response: Response, secret: str) -> None:
        self._keep(response, _SESSION, secret, seconds=int(LONGEST.total_seconds()))

    def forget_session(self, response: Response) -> None:
        self._keep(response, _SESSION, "", seconds=0)

    def remember_login(self, response: Response, text: str, *, seconds: int) -> None:
        self._keep(response, _LOGIN, text, seconds=seconds)

    def forget_login(self, response: Response) -> None:
        self._keep(response, _LOGIN, "", seconds=0)

    def _keep(self, response: Response, name: str, value: str, *, seconds: int | None = None) -> None:
        kept = {"max_age": seconds, "path": "/", "httponly": True, "secure": self.is_https}
        response.set_cookie(self._named(name), value, samesite="lax", **kept)  # type: ignore[arg-type]

    def _named(self, name: str) -> str:
        """With the prefix browsers give to no other host and no plain http."""
        return f"__Host-{name}" if self.is_https else name


def get_visitor(request: Request) -> Visitor:
    deps: Deps = request.app.state.deps
    peer = request.client.host if request.client else ""
    address = caller_address(peer, request.headers.get("x-forwarded-for", ""), deps.settings.proxies)
    origin = deps.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
    return Visitor(deps, deps.clock(), address, origin, dict(request.cookies))


VisitorDep = Annotated[Visitor, Depends(get_visitor)]
