"""A Flask backend that says which part of the site it serves. Prints its port as JSON, ends with its input."""

import json
import logging
import sys
import threading

from flask import Flask
from werkzeug.serving import make_server

app = Flask(__name__, static_folder=None)

for area in ("admin", "catalog", "public"):

    def serve(rest="", area=area):
        return area

    app.add_url_rule(f"/{area}", f"{area}", serve)
    app.add_url_rule(f"/{area}/", f"{area}_root", serve)
    app.add_url_rule(f"/{area}/<path:rest>", f"{area}_rest", serve)


@app.route("/")
@app.route("/<path:rest>")
def site(rest=""):
    return "site"


logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = make_server("127.0.0.1", 0, app, threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({"flask": server.server_port}), flush=True)
sys.stdin.read()
