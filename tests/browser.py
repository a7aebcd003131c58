"""As much of a browser as pages without scripts need: cookies, forms, and no following by itself."""

import re
from html import unescape
from typing import Any

_FIELD = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


class Browser:
    def __init__(self, client: Any) -> None:
        self.client = client
        self.page: Any = None

    def open(self, path: str, **params: str) -> Any:
        self.page = self.client.get(path, params=params or None)
        return self.page

    def send(self, path: str, **fields: str) -> Any:
        """The form of the page that is open, filled in."""
        hidden = {name: unescape(value) for name, value in _FIELD.findall(self.page.text)}
        self.page = self.client.post(path, data=hidden | fields)
        return self.page

    def sign_in(self, email: str, password: str, goes_to: str = "/account") -> Any:
        self.open("/sign-in", next=goes_to)
        return self.send("/sign-in", email=email, password=password)
