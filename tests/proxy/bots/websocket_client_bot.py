"""A bot on the websocket-client library; it takes proxies from its environment, as its users know it."""

import json
import os
import sys
from typing import Any

import websocket

url = sys.argv[1]
socks = next((os.environ[v] for v in ("HTTPS_PROXY",) if os.environ.get(v, "").startswith("socks5h")), None)
options: dict[str, Any] = {}
if socks:
    host, port = socks.removeprefix("socks5h://").split(":")
    options = {"http_proxy_host": host, "http_proxy_port": int(port), "proxy_type": "socks5h", "http_no_proxy": [" "]}
line = websocket.create_connection(url, timeout=20, sslopt={"ca_certs": os.environ.get("SSL_CERT_FILE")}, **options)
for number in (1, 2):
    line.send(json.dumps({"id": number, "op": "order", "text": "grüße"}))
    assert json.loads(line.recv())["id"] == number
line.ping("still there?")
line.close(1000)
