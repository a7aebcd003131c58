"""Sends spans by OTLP over HTTP. Imported only where traces are asked for."""

from datetime import datetime

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from macropod_server import __version__
from macropod_server.telemetry.tracing import Place, Span, place_of_run


class OtelTracing:
    """Headers, certificates and the like are read by the library from its standard variables."""

    def __init__(self, endpoint: str, *, service: str) -> None:
        own = {"service.name": service, "service.version": __version__}
        self._resource = Resource.create(own)
        self._processor = BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint))

    def tell(self, span: Span) -> None:
        self._processor.on_end(
            ReadableSpan(
                name=span.name,
                context=_context(span.place),
                parent=_context(span.parent) if span.parent else None,
                resource=self._resource,
                attributes=dict(span.attributes or {}),
                kind=SpanKind.SERVER if span.is_request else SpanKind.INTERNAL,
                status=Status(StatusCode.ERROR if span.is_error else StatusCode.UNSET),
                start_time=_nanoseconds(span.began_at),
                end_time=_nanoseconds(span.ended_at),
            )
        )

    def traceparent(self, run_id: str) -> str | None:
        return place_of_run(run_id).traceparent

    def close(self) -> None:
        self._processor.shutdown()  # type: ignore[no-untyped-call]


def _context(place: Place) -> SpanContext:
    return SpanContext(place.trace_id, place.span_id, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1000
