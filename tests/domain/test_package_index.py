"""What packaging is told about where packages come from, with and without sight of the server's files."""

import pytest
from macropod_server.domain.package_index import Handed, PackageIndex, handed

CERTIFICATES = "-----BEGIN CERTIFICATE-----\n"


def test_where_the_servers_files_are_seen_everything_is_handed_on():
    index = PackageIndex({"PIP_FIND_LINKS": "/wheels", "PIP_CERT": "/ca.pem"}, CERTIFICATES)
    assert handed(index, sees_files=True) == Handed({"PIP_FIND_LINKS": "/wheels", "PIP_CERT": "/ca.pem"})


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("PIP_FIND_LINKS", "/wheels", None),
        ("PIP_FIND_LINKS", "/wheels https://example.org/wheels", "https://example.org/wheels"),
        (
            "UV_FIND_LINKS",
            "../wheels,https://example.org/a,https://example.org/b",
            "https://example.org/a,https://example.org/b",
        ),
        ("PIP_INDEX_URL", "file:///mirror", None),
        ("PIP_INDEX_URL", "https://example.org/simple", "https://example.org/simple"),
        ("UV_INDEX", "ours=https://example.org/simple", "ours=https://example.org/simple"),
        ("UV_INDEX", "ours=file:///mirror", None),
        ("PIP_NO_INDEX", "1", "1"),
        ("HTTPS_PROXY", "http://proxy:3128", "http://proxy:3128"),
    ],
)
def test_places_on_the_servers_machine_are_left_out_of_containers_and_that_is_said(name, value, kept):
    told = handed(PackageIndex({name: value}), sees_files=False)
    assert told.variables == ({} if kept is None else {name: kept})
    assert [name in note for note in told.notes] == ([] if kept == value else [True])


def test_certificates_reach_containers_as_text():
    told = handed(PackageIndex({"SSL_CERT_FILE": "/ca.pem"}, CERTIFICATES), sees_files=False)
    assert told == Handed({}, CERTIFICATES)
