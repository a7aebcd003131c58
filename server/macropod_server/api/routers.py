"""All calls of the API, and what is told by a server that has none of it."""

from macropod_server.api import (
    audit_log,
    connections,
    events,
    health,
    log_download,
    log_follow,
    log_search,
    log_usage,
    logs,
    members,
    metrics,
    orchestrations,
    pools,
    runner,
    runner_environment,
    runs,
    schedules,
    secrets,
    sessions,
    tasks,
    ticks,
    tokens,
    tracebacks,
    users,
    workspace,
    workspaces,
)

ROUTERS = tuple(
    part.router
    for part in (
        runner,  # Looked through in this order, and no call comes as often as that with lines.
        orchestrations,
        tasks,
        ticks,
        schedules,
        runs,
        logs,
        log_follow,
        log_download,
        log_search,
        log_usage,
        tracebacks,
        events,
        pools,
        secrets,
        connections,
        workspace,
        audit_log,
        sessions,
        workspaces,
        members,
        users,
        tokens,
        runner_environment,
        health,
        metrics,
    )
)

PROBES = (health.probes, metrics.router)
