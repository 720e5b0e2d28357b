"""Runs the FastAPI app that a document of ours shows, as the document shows it.

It owns two differences: the port of the issuer, because every test has a server of its own, and where
/docs takes Swagger UI from, because tests reach no CDN (FastAPI's "Self-hosting JavaScript and CSS for
docs"). It does not own the app. Usage:
    serve.py DOCUMENT ISSUER SWAGGER_UI_DIST PORT
Listens on that port of 127.0.0.1, on any for 0, and prints its URL as the first line.
"""

import re
import socket
import sys

import uvicorn
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.staticfiles import StaticFiles

document, issuer, swagger_ui_dist, port = sys.argv[1:]

with open(document, encoding="utf-8") as file:
    blocks = re.findall(r"<!-- fastapi -->\s*```python\n(.*?)```", file.read(), re.DOTALL)
if len(blocks) != 1:
    sys.exit(f"{document} has {len(blocks)} Python blocks marked <!-- fastapi -->, not 1")
shown = '"http://localhost:9400"'
if blocks[0].count(shown) != 1:
    sys.exit(f"the app in {document} must name the issuer {shown} once")

page = {"__name__": "document"}
exec(compile(blocks[0].replace(shown, repr(issuer)), document, "exec"), page)  # noqa: S102 it is our own text
app = page["app"]

app.router.routes[:] = [route for route in app.router.routes if getattr(route, "path", None) != app.docs_url]
app.mount("/swagger-ui", StaticFiles(directory=swagger_ui_dist))


@app.get(app.docs_url, include_in_schema=False)
def docs():
    return get_swagger_ui_html(
        openapi_url=app.openapi_url,
        title="As documented",
        oauth2_redirect_url=app.swagger_ui_oauth2_redirect_url,
        init_oauth=app.swagger_ui_init_oauth,
        swagger_js_url="/swagger-ui/swagger-ui-bundle.js",
        swagger_css_url="/swagger-ui/swagger-ui.css",
        swagger_favicon_url="/swagger-ui/favicon-32x32.png",
    )


listener = socket.create_server(("127.0.0.1", int(port)))
print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
uvicorn.run(app, fd=listener.fileno(), log_level="warning")
