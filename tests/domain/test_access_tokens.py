"""Access tokens are read by who has the key, for some minutes, and tell nothing that was not signed."""

from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from macropod_server.domain.access_tokens import (
    LIFETIME,
    Access,
    access_token,
    derived_key,
    names_a_run,
    read_access_token,
)
from macropod_server.domain.errors import Unauthorized

from tests.builders import NOON

KEY, ISSUER = b"k" * 64, "an installation"
OF_SESSION = Access("u1", "ada@example.org", "Ada", session_id="s1")
OF_RUN = Access("u1", "ada@example.org", "run r1", run_id="r1")
GOOD = {"sub": "u1", "email": "a@b", "name": "A", "sid": "s1", "iss": ISSUER, "exp": int(NOON.timestamp()) + 60}


def made(access=OF_SESSION, key=KEY, issuer=ISSUER, now=NOON):
    return access_token(access, key=key, issuer=issuer, now=now)


def read(token, now=NOON):
    return read_access_token(token, key=KEY, issuer=ISSUER, now=now)


def signed(claims, *, alg="HS256", key=None):
    key = key or derived_key(KEY, "access tokens")
    return jwt.encode({"alg": alg}, claims, OctKey.import_key(key), algorithms=[alg])


@pytest.mark.parametrize("access", [OF_SESSION, OF_RUN])
def test_what_was_said_is_read(access):
    assert read(made(access)) == access
    assert names_a_run(made(access)) == (access is OF_RUN)


def test_it_holds_what_clients_of_the_vendor_read():
    claims = jwt.decode(made(), OctKey.import_key(derived_key(KEY, "access tokens")), algorithms=["HS256"]).claims
    assert claims == {
        "sub": "u1",
        "email": "ada@example.org",
        "name": "Ada",
        "sid": "s1",
        "iss": ISSUER,
        "iat": int(NOON.timestamp()),
        "exp": int(NOON.timestamp()) + 300,
    }


def test_it_is_good_for_its_lifetime():
    assert read(made(), now=NOON + LIFETIME - timedelta(seconds=1)) == OF_SESSION
    with pytest.raises(Unauthorized, match="is over"):
        read(made(), now=NOON + LIFETIME)


@pytest.mark.parametrize(
    "token",
    [
        made(key=b"another"),
        made(issuer="another"),
        made()[:-2],
        "..",
        "a.b.c",
        "\u00e9.\u00e9.\u00e9",
        made() + "x" * 5000,
        signed(GOOD, alg="HS512"),
        signed(GOOD, key=KEY),
        signed(GOOD | {"run": "r1"}),
        signed({name: value for name, value in GOOD.items() if name != "sid"}),
        signed(GOOD | {"exp": "never"}),
        signed(GOOD | {"sid": 1}),
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1MSJ9.",
    ],
)
def test_what_this_installation_did_not_make_is_refused_without_repeating_it(token):
    with pytest.raises(Unauthorized, match="not of this installation") as refusal:
        read(token)
    assert token not in refusal.value.message


@pytest.mark.parametrize("token", ["", "..", "a.b.c", "a.W10.c", "a.W1.c", made()])
def test_what_names_no_run_is_told(token):
    assert not names_a_run(token)
