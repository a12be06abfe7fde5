"""Serves the built console where the package has it; a path that is no file is a page of the console.

Files with a digest in their name are kept for ever by the browser, the page itself is asked for anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

FOLDER: Final = Path(__file__).parent / "console"

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def serve_console(request: Request) -> Response:
    """Return a file of the console, or its page."""
    folder: Path = request.app.state.console
    if request.url.path.startswith(("/api/", "/hooks/", "/v2/", "/oauth/")):
        raise HTTPException(404)
    page = folder / "index.html"
    if not page.is_file():
        return PlainTextResponse(
            "The console was not built into this package (`make web` does it). The API is at /api/v1.\n"
            "此安装包未包含控制台(可用 `make web` 构建)。接口位于 /api/v1。\n",
            404,
            SECURITY_HEADERS,
        )
    wanted = _file_of(folder, request.path_params["path"])
    if wanted is not None and wanted != page.resolve():
        lasting = "assets" in wanted.parts
        keep = "public, max-age=31536000, immutable" if lasting else "no-cache"
        return FileResponse(wanted, headers={**SECURITY_HEADERS, "Cache-Control": keep})
    if "assets" in request.path_params["path"].split("/"):
        return PlainTextResponse("not found", 404, SECURITY_HEADERS)
    return FileResponse(page, headers={**SECURITY_HEADERS, "Cache-Control": "no-cache"})


def _file_of(folder: Path, asked: str) -> Path | None:
    """Return the file of the console that a path names; ``None``: none, or one that is not for everybody."""
    try:
        wanted = (folder / asked).resolve()
        inside = wanted.is_relative_to(folder.resolve()) and not wanted.name.startswith(".")
        return wanted if inside and wanted.is_file() else None
    except (OSError, ValueError):
        # A name that no file can have: too long, or with a NUL in it.
        return None
