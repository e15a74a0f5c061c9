"""Serve the site on a free port and say which."""

import sys
from wsgiref.simple_server import make_server

from django.core.wsgi import get_wsgi_application

server = make_server("127.0.0.1", 0, get_wsgi_application())
print(f"serving on port {server.server_port}", file=sys.stderr, flush=True)
server.serve_forever()
