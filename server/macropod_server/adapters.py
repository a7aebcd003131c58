"""Chooses the adapters the settings ask for, and loads no others. Only this module and `app` know them."""

import os
from collections.abc import Sequence
from urllib.parse import urlsplit

import structlog

from macropod_server.db.engine import Database
from macropod_server.db.migrate import check_revision, migrate
from macropod_server.domain.addresses import is_loopback
from macropod_server.domain.errors import Invalid, MacropodError
from macropod_server.domain.spawner_choice import Tied, choose, left_alone
from macropod_server.oidc.base import Provider
from macropod_server.settings import Settings
from macropod_server.spawners.base import Spawner
from macropod_server.storage.base import Storage, StorageForbidden, StorageMissing, StorageUnavailable
from macropod_server.storage.local import LocalStorage
from macropod_server.telemetry.tracing import NoTracing, Tracing

log = structlog.get_logger()


def choose_tracing(settings: Settings) -> Tracing:
    if not settings.otel_endpoint:
        return NoTracing()
    try:
        # Loaded only where it is wanted: it costs every idle server memory otherwise.
        from macropod_server.telemetry.otel import OtelTracing
    except ImportError as error:
        raise Invalid.field(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            f"Traces are asked for, but {error.name} is not installed. Install macropod-server[otel], or set "
            "OTEL_SDK_DISABLED=true.",
        ) from None
    return OtelTracing(settings.otel_endpoint, service="macropod-server")


def choose_provider(settings: Settings) -> Provider | None:
    if settings.oidc is None:
        return None
    # Loaded only where it is wanted: it costs every idle server memory otherwise.
    from macropod_server.oidc.provider import OidcProvider

    return OidcProvider(settings.oidc)


def open_database(settings: Settings) -> Database:
    database = Database(settings.resolved_database_url, connections=settings.database_connections)
    try:
        (migrate if database.is_sqlite else check_revision)(database)
    except MacropodError:
        database.close()
        raise
    return database


def choose_storage(settings: Settings) -> Storage:
    """Raises `StorageMissing` and `StorageForbidden`. A bucket that is only away may come back meanwhile."""
    if settings.bucket is None:
        return LocalStorage(settings.resolved_storage_path)
    # Loaded only where it is wanted: boto3 costs every idle server memory otherwise.
    from macropod_server.storage.s3 import open_s3

    storage = open_s3(settings.bucket, folder=settings.data_dir / "staging")
    try:
        storage.check()
    except (StorageMissing, StorageForbidden):
        raise
    except StorageUnavailable as error:
        log.warning("storage_away", reason=error.message)
    return storage


def choose_spawner(
    settings: Settings, installation_id: str, tied: Sequence[Tied] = (), *, is_to_spawn: bool = True
) -> Spawner:
    """Raises `Unavailable` where the one that holds what is there cannot be had, and none was named."""
    if settings.spawner != "auto" and (told := left_alone(tied, spawner=settings.spawner)):
        log.warning("left_alone", what=told)
    match settings.spawner:
        case "process":
            return _process_spawner(settings, "MACROPOD_SPAWNER is process", is_to_spawn=is_to_spawn)
        case "docker":
            return _docker_spawner(settings, installation_id, "MACROPOD_SPAWNER is docker")
        case "auto":
            return _automatic_spawner(settings, installation_id, tied, is_to_spawn=is_to_spawn)
        case "kubernetes":
            return _kubernetes_spawner(settings, installation_id)
    raise Invalid.field(
        "MACROPOD_SPAWNER", f"MACROPOD_SPAWNER is {settings.spawner!r}; it takes auto, docker, kubernetes or process."
    )


def _automatic_spawner(settings: Settings, installation_id: str, tied: Sequence[Tied], *, is_to_spawn: bool) -> Spawner:
    from macropod_server.spawners.docker import docker_answers

    lacks = docker_answers(settings.runner_image, environ=os.environ)
    # Who only looks may do so while the engine is away, and is told of it by the spawner.
    choice = choose(tied, docker_lacks=lacks if is_to_spawn or not tied else None)
    if choice.spawner == "docker":
        return _docker_spawner(settings, installation_id, choice.why)
    return _process_spawner(settings, choice.why, is_to_spawn=is_to_spawn)


def _process_spawner(settings: Settings, why: str, *, is_to_spawn: bool) -> Spawner:
    from macropod_server.spawners.process import HOME, ProcessSpawner

    url, home = settings.runner_url or settings.url, HOME if settings.serves_wallaroo else None
    data = settings.resolved_data_packages
    spawner = ProcessSpawner(settings.data_dir, runner_url=url, home_at=home, data_packages=data)
    if is_to_spawn:
        log.info("spawner_chosen", spawner="process", why=why, isolation="none: runs can reach all that this user can")
        spawner.prepare()
        if trouble := spawner.trouble_with_home():
            log.warning("home_in_the_folder_of_the_run", reason=trouble)
    return spawner


def _docker_spawner(settings: Settings, installation_id: str, why: str) -> Spawner:
    from macropod_server.spawners.docker import DockerSpawner

    log.info("spawner_chosen", spawner="docker", why=why, image=settings.runner_image)
    spawner = DockerSpawner(
        installation_id,
        image=settings.runner_image,
        data_image=settings.runner_image_data,
        runner_url=lambda: settings.runner_url or f"http://{spawner.gateway()}:{settings.port}",
        environ=os.environ,
    )
    return spawner


def _kubernetes_spawner(settings: Settings, installation_id: str) -> Spawner:
    if not settings.runner_url:
        raise Invalid.field(
            "MACROPOD_RUNNER_URL",
            "MACROPOD_RUNNER_URL is not set; with MACROPOD_SPAWNER=kubernetes it takes the address at which pods reach "
            "this server, such as http://macropod.tools.svc:8085.",
        )
    # Loaded only where it is wanted: it costs every idle server memory otherwise.
    from macropod_server.spawners.kubernetes import Connection, NoCluster
    from macropod_server.spawners.kubernetes_job import Mould
    from macropod_server.spawners.kubernetes_spawner import KubernetesSpawner

    try:
        connection = Connection(settings.kubernetes_kubeconfig, os.environ)
    except NoCluster as error:
        raise Invalid.field("MACROPOD_KUBERNETES_KUBECONFIG", str(error)) from None
    namespace = settings.kubernetes_namespace or connection.namespace
    mould = Mould(
        installation_id,
        settings.runner_image,
        settings.runner_url,
        image_pull_policy=settings.kubernetes_image_pull_policy,
        ttl_seconds=settings.kubernetes_ttl_seconds,
        cpu_request_percent=settings.kubernetes_cpu_request_percent,
        data_image=settings.runner_image_data,
    )
    if is_loopback(settings.host) and not is_loopback(urlsplit(settings.runner_url).hostname or ""):
        log.warning(
            "runs_may_not_reach_this_server",
            reason=f"it listens at {settings.host} only; set MACROPOD_HOST, unless something there passes calls on",
            runner_url=settings.runner_url,
        )
    why = "MACROPOD_SPAWNER is kubernetes"
    log.info("spawner_chosen", spawner="kubernetes", why=why, namespace=namespace, image=settings.runner_image)
    return KubernetesSpawner(connection, namespace=namespace, mould=mould)
