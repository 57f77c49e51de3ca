"""Traces by OpenTelemetry, where ``OTEL_EXPORTER_OTLP_ENDPOINT`` is set; nothing of it is imported otherwise.

A span is a request that was answered, a child of the caller's `traceparent` (W3C Trace Context), with the attributes of OpenTelemetry's
semantic conventions for HTTP servers. Its sender has a thread and a queue of its own: where nobody takes the spans they are dropped.
"""

import logging
import time
from collections.abc import Mapping

from api.operations.watch import Answered, Told

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
MISSING = f"{ENDPOINT} is set, and OpenTelemetry is not installed: pip install 'tanzhang[telemetry]'"
LOG = logging.getLogger("tanzhang")


def tracer_of(environment: Mapping[str, str]) -> Told | None:
    """Who sends a span for each request; None where it is not configured, or not installed, which the log then says."""
    if not environment.get(ENDPOINT):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # type: ignore[import-not-found]
        from opentelemetry.propagate import extract  # type: ignore[import-not-found]
        from opentelemetry.sdk.resources import Resource  # type: ignore[import-not-found]
        from opentelemetry.sdk.trace import TracerProvider  # type: ignore[import-not-found]
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # type: ignore[import-not-found]
        from opentelemetry.trace import SpanKind, StatusCode  # type: ignore[import-not-found]
    except ModuleNotFoundError:
        LOG.warning(MISSING)
        return None
    from carbon import __version__

    provider = TracerProvider(resource=Resource.create({"service.name": "tanzhang", "service.version": __version__}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracer = provider.get_tracer("tanzhang", __version__)

    def tell(done: Answered) -> None:
        end = time.time_ns()
        span = tracer.start_span(
            f"{done.method} {done.route}",
            context=extract({"traceparent": done.parent}) if done.parent else None,
            kind=SpanKind.SERVER,
            start_time=end - int(done.seconds * 1e9),
            attributes={
                "http.request.method": done.method, "http.route": done.route, "http.response.status_code": done.status,
                "tanzhang.request": done.number,
            },
        )  # fmt: skip
        if done.status >= 500:
            span.set_status(StatusCode.ERROR)
        span.end(end)

    return tell
