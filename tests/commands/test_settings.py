"""What the server's settings may be, and what a wrong one is told."""

from pathlib import Path

import pytest
from macropod_server.db.engine import Database
from macropod_server.domain.errors import Invalid
from macropod_server.settings import Settings
from macropod_server.settings_reading import read_settings

NUMBERS = [name for name, value in vars(Settings(data_dir=Path("x"))).items() if isinstance(value, int | float)]


def refusal(**variables):
    with pytest.raises(Invalid) as refused:
        read_settings({f"MACROPOD_{name.upper()}": str(value) for name, value in variables.items()})
    return refused.value.message


@pytest.mark.parametrize("setting", NUMBERS)
def test_no_number_may_be_negative(setting):
    assert refusal(**{setting: -1}).startswith(f"MACROPOD_{setting.upper()} is -1")


@pytest.mark.parametrize("setting", [name for name in NUMBERS if name.startswith("keep_")])
def test_nothing_as_a_limit_of_what_is_kept_stands_for_ever(setting):
    assert getattr(read_settings({f"MACROPOD_{setting.upper()}": "0"}), setting) == 0


@pytest.mark.parametrize(
    "setting", [name for name in NUMBERS if not name.startswith(("keep_", "port", "grace_", "drain_"))]
)
def test_a_limit_of_nothing_is_refused(setting):
    assert "it takes" in refusal(**{setting: 0})


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"port": 65536}, "MACROPOD_PORT is 65536; it takes 0 to 65535."),
        ({"max_runs": 0}, "MACROPOD_MAX_RUNS is 0; it takes 1 or more."),
        ({"run_cpus": "nan"}, "MACROPOD_RUN_CPUS is nan; it takes"),
        ({"run_cpus": "inf"}, "MACROPOD_RUN_CPUS is inf; it takes"),
        ({"secret_key": "hunter2"}, "MACROPOD_SECRET_KEY has 7 characters; it takes 32 or more."),
        ({"master_key": f"{'k' * 32} hunter2"}, "MACROPOD_MASTER_KEY has 7 characters; it takes 32 or more."),
        ({"master_key": "k" * 32, "master_key_file": "/k"}, "MACROPOD_MASTER_KEY_FILE is set, and"),
        ({"storage_url": "ftp://bucket"}, "MACROPOD_STORAGE_URL is 'ftp://bucket'; it takes a folder of this machine"),
        ({"storage_url": "s3://"}, "MACROPOD_STORAGE_URL is 's3://'; it takes s3://bucket or s3://bucket/prefix"),
        ({"storage_url": "s3://b/../x?y"}, "MACROPOD_STORAGE_URL is 's3://b/../x?y'; it takes s3://bucket"),
        ({"storage_url": "s3://key:geheim@bucket"}, "MACROPOD_STORAGE_URL is a URL with a user in it; it takes"),
        ({"storage_endpoint": "minio:9000"}, "MACROPOD_STORAGE_ENDPOINT is 'minio:9000'; it takes a URL such as"),
        ({"storage_endpoint": "http://a:port"}, "MACROPOD_STORAGE_ENDPOINT is no URL; it takes"),
        ({"storage_direct_endpoint": "http://k:geheim@a"}, "MACROPOD_STORAGE_DIRECT_ENDPOINT has a user in it;"),
        ({"storage_addressing": "host"}, "MACROPOD_STORAGE_ADDRESSING is 'host'; it takes auto, path, virtual."),
        ({"kubernetes_ttl_seconds": 10}, "MACROPOD_KUBERNETES_TTL_SECONDS is 10; it takes 30 or more."),
        (
            {"kubernetes_image_pull_policy": "always"},
            "MACROPOD_KUBERNETES_IMAGE_PULL_POLICY is 'always'; it takes IfNotPresent, Always, Never.",
        ),
        ({"wallaroo": "yes"}, "MACROPOD_WALLAROO is 'yes'; it takes on, off."),
        ({"kubernetes_placement": "{"}, "MACROPOD_KUBERNETES_PLACEMENT is no JSON: "),
        (
            {"kubernetes_placement": '{"node": "a"}'},
            "MACROPOD_KUBERNETES_PLACEMENT has 'node' in the placement of all runs; it takes nodeSelector, ",
        ),
        ({"storage_url": "file://blobs"}, "MACROPOD_STORAGE_URL is 'file://blobs'; it takes a folder of this machine"),
    ],
)
def test_what_cannot_be_meant_is_named_with_what_it_takes(variables, told):
    assert refusal(**variables).startswith(told)


def test_profiles_are_read_once_and_a_bad_one_is_named():
    profiles = read_settings({"MACROPOD_PROFILES": '{"small": {"cpus": 1, "memory": "2GiB"}}'}).profiles
    assert {name: (each.cpus, each.memory_bytes) for name, each in profiles.items()} == {"small": (1.0, 2 * 1024**3)}
    assert read_settings({}).profiles == {}
    told = "MACROPOD_PROFILES has 'cpu' in profile 'small'; a profile takes cpus, memory, pids, gpus, kubernetes."
    assert refusal(profiles='{"small": {"cpu": 1}}') == told


def test_where_a_cluster_places_all_runs_is_read_once():
    told = read_settings({"MACROPOD_KUBERNETES_PLACEMENT": '{"imagePullSecrets": ["registry"]}'})
    assert told.kubernetes_placement.image_pull_secrets == ("registry",)


def test_the_least_and_the_most_are_taken():
    taken = read_settings({"MACROPOD_PORT": "0", "MACROPOD_GRACE_SECONDS": "0", "MACROPOD_SECRET_KEY": "k" * 32})
    assert (taken.port, taken.grace_seconds) == (0, 0)
    assert read_settings({"MACROPOD_PORT": "65535", "MACROPOD_RUN_CPUS": "0.5"}).run_cpus == 0.5


def test_flags_are_held_to_the_same():
    with pytest.raises(Invalid, match="MACROPOD_MAX_RUNS is 0"):
        read_settings({}, max_runs=0)


@pytest.mark.parametrize(("url", "path"), [("file:///a/b", "/a/b"), ("/a/b", "/a/b"), ("", "data/blobs")])
def test_bundles_lie_in_a_folder(url, path):
    settings = read_settings({"MACROPOD_STORAGE_URL": url, "MACROPOD_DATA_DIR": "data"})
    assert settings.resolved_storage_path == Path(path)


@pytest.mark.parametrize(
    ("url", "prefix"),
    [("s3://bucket", ""), ("s3://bucket/", ""), ("s3://bucket/a/b", "a/b/"), ("s3://bucket/a/", "a/")],
)
def test_bundles_lie_in_a_bucket(url, prefix):
    settings = read_settings({"MACROPOD_STORAGE_URL": url, "MACROPOD_STORAGE_ENDPOINT": "http://minio:9000"})
    assert settings.bucket is not None
    assert (settings.bucket.bucket, settings.bucket.prefix) == ("bucket", prefix)
    assert str(settings.bucket) == "bucket 'bucket' at http://minio:9000"


def test_folders_of_the_user_are_taken_from_the_same_variables_as_the_rest():
    settings = read_settings({"XDG_DATA_HOME": "/d", "XDG_CONFIG_HOME": "/c"})
    assert settings.data_dir == Path("/d/macropod")
    assert settings.credentials == Path("/c/macropod/credentials.json")
    assert read_settings({"MACROPOD_CREDENTIALS": "/x.json"}).credentials == Path("/x.json")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense", "is no address of a database"),
        ("postgresql://user:geheim@host:port/x", "is no address of a database"),
        ("mysql://user:geheim@host/x", "names mysql"),
        ("postgresql+asyncpg://user:geheim@host/x", "names postgresql+asyncpg"),
    ],
)
def test_a_database_that_is_not_known_is_named_without_its_password(url, told):
    with pytest.raises(Invalid) as refused:
        Database(url)
    assert refused.value.message.startswith(f"MACROPOD_DATABASE_URL {told}; it takes postgresql+psycopg://")
    assert "geheim" not in refused.value.message


def test_the_line_break_at_the_end_of_a_file_of_secrets_is_no_part_of_a_value():
    settings = read_settings(
        {"MACROPOD_DATABASE_URL": "postgresql+psycopg://m:p@db/macropod\n", "MACROPOD_PORT": "8090\n"}
    )
    assert (settings.database_url, settings.port) == ("postgresql+psycopg://m:p@db/macropod", 8090)


ISSUER = {"oidc_issuer": "https://login.example.org/realm", "oidc_client_id": "macropod"}


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"oidc_issuer": "login.example.org"}, "MACROPOD_OIDC_ISSUER is 'login.example.org', which is no address"),
        ({"oidc_issuer": "http://login.example.org"}, "does not begin with https://"),
        ({"oidc_issuer": "https://a:b@login.example.org"}, "is no address"),
        ({"oidc_issuer": "https://login.example.org"}, "MACROPOD_OIDC_CLIENT_ID is missing"),
        ({"public_url": "http://macropod.example.org?x"}, "MACROPOD_PUBLIC_URL is"),
        ({"public_url": "macropod.example.org"}, "which is no address"),
        ({"trusted_proxies": "10.0.0.1 proxy"}, "MACROPOD_TRUSTED_PROXIES is refused: 'proxy'"),
    ],
)
def test_a_provider_that_cannot_be_used_is_told(variables, told):
    assert told in refusal(**variables)


def test_who_may_come_in_through_a_provider_and_what_it_is_called():
    given = ISSUER | {"oidc_allowed_domains": "Example.org, example.com", "oidc_hosts": "keys.example.org"}
    read = read_settings({f"MACROPOD_{name.upper()}": value for name, value in given.items()}).oidc
    assert (read.name, read.hosts) == ("login.example.org", {"login.example.org", "keys.example.org"})
    assert [read.lets_in(f"ada@{domain}") for domain in ("example.org", "example.com", "evil.example")] == [
        True,
        True,
        False,
    ]


def test_people_may_reach_a_server_by_plain_http():
    settings = read_settings({"MACROPOD_PUBLIC_URL": "http://macropod.lan:8085/"})
    assert settings.resolved_public_url == "http://macropod.lan:8085"


def test_the_secret_of_a_provider_is_not_shown():
    settings = Settings(data_dir=Path("x"), oidc_client_secret="hunter2", oidc_issuer="https://a", oidc_client_id="b")
    assert "hunter2" not in repr(settings) + repr(settings.oidc)


def test_what_is_secret_is_in_no_repr():
    planted = {name: f"planted {name} " * 4 for name in ("SECRET_KEY", "MASTER_KEY", "METRICS_TOKEN", "ADMIN_PASSWORD")}
    planted["MASTER_KEY"] = planted["MASTER_KEY"].replace(" ", "-")
    url = {"MACROPOD_DATABASE_URL": "postgresql+psycopg://user:planted@host/name"}
    settings = read_settings({f"MACROPOD_{name}": value for name, value in planted.items()} | url)
    assert settings.secret_key == planted["SECRET_KEY"].strip()
    assert "planted" not in repr(settings)
