"""The same story: its people, what they are, and how they are let in."""

from typing import Any

WORKSPACE: dict[str, Any] = {
    "id": 1,
    "name": "default",
    "created_at": "2026-03-02T11:58:00Z",
    "paused_at": "2026-03-04T08:00:00Z",
    "paused_by": "ada@example.org",
    "pause_reason": "the warehouse moves",
    "archived_at": None,
    "created_by": None,
    "default_flavor": "plain",
    "role": "owner",
}

_USER_ID = "8a4f7f8e-0c1b-4b93-a3c9-5c1f0f0d7c55"

USER: dict[str, Any] = {
    "id": _USER_ID,
    "email": "ada@example.org",
    "name": "Ada",
    "enabled": True,
    "is_admin": False,
    "created_at": "2026-03-02T12:10:00Z",
}

MEMBER: dict[str, Any] = {
    "user_id": _USER_ID,
    "email": "ada@example.org",
    "name": "Ada",
    "enabled": True,
    "role": "editor",
    "created_at": "2026-03-02T12:11:00Z",
}

TOKEN: dict[str, Any] = {
    "id": "c3d1c8a0-52b9-4b3c-8a5e-0d9a6e1b7f42",
    "name": "nightly builds",
    "scope": "run",
    "workspace": {"id": 1, "name": "default"},
    "created_at": "2026-03-02T12:12:00Z",
    "expires_at": "2026-05-31T12:12:00Z",
    "last_used_at": None,
    "revoked_at": None,
}

SIGNED_IN: dict[str, Any] = {
    "access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI…",
    "token_type": "Bearer",
    "expires_in": 300,
    "refresh_token": "mps_…",
    "refresh_expires_in": 43200,
}

DEVICE_LOGIN: dict[str, Any] = {
    "device_code": "mpd_…",
    "user_code": "WDJB-MJHT",
    "verification_uri": "https://macropod.example.org/device",
    "verification_uri_complete": "https://macropod.example.org/device?code=WDJB-MJHT",
    "expires_in": 600,
    "interval": 5,
}

SESSION: dict[str, Any] = {
    "id": "0d6a7a3e-52a3-4f43-8a5e-3c9a0f2b7c11",
    "how": "password",
    "address": "203.0.113.7",
    "created_at": "2026-03-02T12:00:00Z",
    "last_used_at": "2026-03-02T14:05:00Z",
    "expires_at": "2026-03-03T02:05:00Z",
    "is_current": True,
}
