"""Runs the FastAPI app that README.md shows, as README.md shows it.

It owns two differences, both printed to nobody's surprise: the port of the issuer, because every test
has a server of its own, and where /docs takes Swagger UI from, because tests reach no CDN (FastAPI's
"Self-hosting JavaScript and CSS for docs"). It does not own the app. Usage:
    serve.py README ISSUER SWAGGER_UI_DIST
Prints the URL it listens on as its first line.
"""

import re
import socket
import sys

import uvicorn
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.staticfiles import StaticFiles

readme, issuer, swagger_ui_dist = sys.argv[1:]

with open(readme, encoding="utf-8") as file:
    blocks = re.findall(r"<!-- fastapi -->\s*```python\n(.*?)```", file.read(), re.DOTALL)
if len(blocks) != 1:
    sys.exit(f"{readme} has {len(blocks)} Python blocks marked <!-- fastapi -->, not 1")
shown = '"http://localhost:9400"'
if blocks[0].count(shown) != 1:
    sys.exit(f"the app in {readme} must name the issuer {shown} once")

page = {"__name__": "readme"}
exec(compile(blocks[0].replace(shown, repr(issuer)), readme, "exec"), page)  # noqa: S102 it is our own README
app = page["app"]

app.router.routes[:] = [route for route in app.router.routes if getattr(route, "path", None) != app.docs_url]
app.mount("/swagger-ui", StaticFiles(directory=swagger_ui_dist))


@app.get(app.docs_url, include_in_schema=False)
def docs():
    return get_swagger_ui_html(
        openapi_url=app.openapi_url,
        title="README",
        oauth2_redirect_url=app.swagger_ui_oauth2_redirect_url,
        swagger_js_url="/swagger-ui/swagger-ui-bundle.js",
        swagger_css_url="/swagger-ui/swagger-ui.css",
        swagger_favicon_url="/swagger-ui/favicon-32x32.png",
    )


listener = socket.create_server(("127.0.0.1", 0))
print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
uvicorn.run(app, fd=listener.fileno(), log_level="warning")
