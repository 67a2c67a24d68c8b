#!/usr/bin/env python3
"""A service that does nearly everything wrong: it drops requests at SIGTERM and pushes no metrics."""

import http.server
import os
import sys
import threading

if sys.argv[1:] == ["healthcheck"]:
    sys.exit(0)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()


metrics = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["METRICS_PORT"])), Handler)
threading.Thread(target=metrics.serve_forever, daemon=True).start()
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["HTTP_PORT"])), Handler).serve_forever()
