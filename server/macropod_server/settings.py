"""Every setting, in one frozen class; see `docs/settings.md`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from macropod_server.domain.accounts import LOCAL_ADMIN
from macropod_server.domain.addresses import Network, networks
from macropod_server.domain.oidc_settings import OidcSettings, issuer_host, words
from macropod_server.domain.package_index import PackageIndex
from macropod_server.domain.placement import ANYWHERE, Placement
from macropod_server.domain.profiles import Profile
from macropod_server.domain.storage_url import BucketPlace, bucket_and_prefix

MIB = 1024**2
GIB = 1024**3


def data_dir(environ: Mapping[str, str] = os.environ) -> Path:
    return Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "macropod"


def credentials_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Where SDK and CLI of the same user look for address and token."""
    return Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "macropod" / "credentials.json"


@dataclass(frozen=True)
class Settings:
    """Each field is read from `MACROPOD_<FIELD>` in upper case."""

    data_dir: Path = field(default_factory=data_dir)
    database_url: str = field(default="", repr=False)
    storage_url: str = ""
    storage_endpoint: str = ""
    storage_region: str = ""
    storage_addressing: str = "auto"
    storage_direct_endpoint: str = ""
    spawner: str = "auto"
    host: str = "127.0.0.1"
    port: int = 8085
    runner_url: str = ""
    runner_image: str = "macropod-runner:0.1.0"
    runner_image_data: str = "macropod-runner:data"
    data_packages: str = ""
    kubernetes_namespace: str = ""
    kubernetes_kubeconfig: str = ""
    kubernetes_image_pull_policy: str = "IfNotPresent"
    kubernetes_ttl_seconds: int = 86_400
    kubernetes_cpu_request_percent: int = 25
    kubernetes_placement: Placement = ANYWHERE
    secret_key: str = field(default="", repr=False)
    master_key: str = field(default="", repr=False)
    master_key_file: str = ""
    role: str = "both"
    trusted_proxies: str = ""
    database_connections: int = 7
    metrics_token: str = field(default="", repr=False)
    otel_endpoint: str = ""
    credentials: Path = field(default_factory=credentials_file)
    admin_email: str = LOCAL_ADMIN
    admin_password: str = field(default="", repr=False)
    wallaroo: str = "on"
    public_url: str = ""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = field(default="", repr=False)
    oidc_scopes: str = "openid email profile"
    oidc_name: str = ""
    oidc_hosts: str = ""
    oidc_allowed_domains: str = ""

    upload_max_bytes: int = GIB
    unpacked_max_bytes: int = 10 * GIB
    max_entries: int = 100_000
    max_ratio: int = 200
    arguments_max_bytes: int = MIB
    environment_max_bytes: int = 8 * GIB

    max_runs: int = 32
    max_runs_per_workspace: int = 32
    max_runs_per_task: int = 16
    max_queued_per_task: int = 1000
    run_memory_bytes: int = 4 * GIB
    run_cpus: float = 2.0
    run_pids: int = 512
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    packaging_timeout_seconds: int = 1800
    start_timeout_seconds: int = 300
    grace_seconds: int = 10
    drain_seconds: int = 0

    keep_runs_days: int = 90
    keep_runs_per_task: int = 1000
    keep_logs_days: int = 30
    keep_logs_bytes_per_workspace: int = 0
    keep_tasks_days: int = 90
    keep_tasks: int = 0
    keep_ticks_days: int = 400
    keep_ticks_per_task: int = 100_000
    keep_events_days: int = 30
    keep_events: int = 1_000_000
    keep_environments_days: int = 30
    keep_environments: int = 0
    keep_deleted_days: int = 90
    keep_idempotency_days: int = 7
    keep_audit_days: int = 400

    spool_max_bytes: int = 256 * MIB
    run_log_max_bytes: int = 2 * GIB

    package_index: PackageIndex = field(default_factory=lambda: PackageIndex({}))
    """Not read from MACROPOD_…: the standard variables of pip and uv, for packaging runs."""

    @property
    def resolved_database_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'macropod.db'}"

    @property
    def serves_wallaroo(self) -> bool:
        """Whether programs made for Wallaroo find here what they count on."""
        return self.wallaroo == "on"

    @property
    def is_embedded(self) -> bool:
        """Whether the database is SQLite: then one server at a time works with it."""
        return self.resolved_database_url.startswith("sqlite")

    @property
    def resolved_logs_url(self) -> str:
        """Logs have an SQLite file of their own, so that a flood of lines never holds up the scheduling tables."""
        is_server = self.database_url and not self.database_url.startswith("sqlite")
        return self.database_url if is_server else f"sqlite:///{self.data_dir / 'logs.db'}"

    @property
    def url(self) -> str:
        """Where people on this machine reach the server."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def resolved_public_url(self) -> str:
        """Where people reach the server from elsewhere, as far as anybody has said."""
        return self.public_url.rstrip("/") or self.url

    @property
    def proxies(self) -> frozenset[Network]:
        """Those whose word counts on whom a call comes from. Raises `ValueError`."""
        return networks(self.trusted_proxies)

    @property
    def oidc(self) -> OidcSettings | None:
        """The provider people may sign in with. Raises `NoProvider`."""
        if not self.oidc_issuer:
            return None
        host = issuer_host(self.oidc_issuer)
        return OidcSettings(
            issuer=self.oidc_issuer,
            client_id=self.oidc_client_id,
            client_secret=self.oidc_client_secret,
            scopes=self.oidc_scopes,
            name=self.oidc_name or host,
            hosts=words(self.oidc_hosts) | {host},
            domains=words(self.oidc_allowed_domains),
        )

    @property
    def resolved_storage_path(self) -> Path:
        return Path(self.storage_url.removeprefix("file://")) if self.storage_url else self.data_dir / "blobs"

    @property
    def resolved_data_packages(self) -> Path:
        """Where the process spawner finds what runs of flavor `data` have besides."""
        return Path(self.data_packages) if self.data_packages else self.data_dir / "data-packages"

    @property
    def bucket(self) -> BucketPlace | None:
        """Where bundles lie, unless they lie in a folder."""
        named = bucket_and_prefix(self.storage_url)
        where = (self.storage_endpoint, self.storage_region, self.storage_addressing, self.storage_direct_endpoint)
        return BucketPlace(*named, *where) if named else None
