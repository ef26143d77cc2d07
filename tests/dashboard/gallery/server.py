"""The gallery over HTTP, with the product's content security policy."""

from __future__ import annotations

from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        return


def serve(port: int) -> WSGIServer:
    """A server on the loopback address; port 0 takes a free one."""
    django.setup()
    application = StaticFilesHandler(WSGIHandler())
    return make_server("127.0.0.1", port, application, _Server, _Quiet)
