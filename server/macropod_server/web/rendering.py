"""Makes pages: templates that escape what they are given, and heads that let nothing foreign in."""

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

_FOLDER = Path(__file__).parent / "templates"
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def page(template: str, *, status: int = 200, headers: dict[str, str] | None = None, **facts: Any) -> HTMLResponse:
    text = _environment().get_template(template).render(**facts)
    return HTMLResponse(text, status, HEADERS | (headers or {}))


def told(title: str, text: str, *, status: int = 200, **facts: Any) -> HTMLResponse:
    """A page that says one thing."""
    return page("told.html", status=status, title=title, text=text, **facts)


def status_of(request: Request, error: Exception) -> int:
    """As the API has it."""
    decided: int = request.app.state.status_of(error)
    return decided


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
