import pytest
from macropod_server.app import close_deps, create_app
from starlette.testclient import TestClient

from tests.browser import Browser
from tests.builders import make_deps
from tests.oidc_provider import CLIENT_ID, CLIENT_SECRET, OidcDouble
from tests.people import make_person


@pytest.fixture
def provider():
    provider = OidcDouble()
    yield provider
    provider.close()


@pytest.fixture
def deps(tmp_path):
    deps = make_deps(tmp_path)
    yield deps
    close_deps(deps)


@pytest.fixture
def deps_with_provider(tmp_path, provider):
    settings = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT_ID, "oidc_client_secret": CLIENT_SECRET}
    deps = make_deps(tmp_path, oidc_name="the school", **settings)
    provider.now = lambda: deps.clock().timestamp()
    yield deps
    close_deps(deps)


@pytest.fixture
def ada(deps):
    return make_person(deps)


@pytest.fixture
def browser(deps):
    with TestClient(create_app(deps, with_engine=False), follow_redirects=False) as client:
        yield Browser(client)


@pytest.fixture
def browser_with_provider(deps_with_provider):
    with TestClient(create_app(deps_with_provider, with_engine=False), follow_redirects=False) as client:
        yield Browser(client)
