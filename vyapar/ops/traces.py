"""Traces of requests, tasks and queries, sent only when an OTLP endpoint is configured."""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def start(endpoint: str) -> TracerProvider:
    """Send spans to `endpoint` (the collector's base address) in the background; returns the provider."""
    provider = TracerProvider(resource=Resource.create({"service.name": "vyapar"}))
    exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    for instrument in (DjangoInstrumentor, CeleryInstrumentor, PsycopgInstrumentor):
        instrument().instrument(tracer_provider=provider)
    return provider
