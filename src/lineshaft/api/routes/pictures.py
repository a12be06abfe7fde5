"""Pictures that a task's form shows: fetched from the system that has them, for whoever may see the task.

The browser never speaks to that system: it may not reach it, and its pictures are not for everybody there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from lineshaft.api.access import ServicesOf, TaskReader
from lineshaft.api.routing import make_router
from lineshaft.api.views import decoded
from lineshaft.base.errors import NotFound
from lineshaft.base.text import text
from lineshaft.engine.forms import FormSpec, Source

router = make_router("tasks")

BYTES_MAX: Final = 8 * 1024 * 1024
_MAGIC: Final = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))
"""What a picture begins with: nothing else is given to a browser, whatever the system calls it."""
_HEADERS: Final = {
    "Cache-Control": "private, max-age=3600",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
_PICTURE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The picture.",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for _, kind in _MAGIC},
    }
}


@router.get("/tasks/{instance_id}/{token}/pictures/{key}", response_class=Response, responses=_PICTURE)
async def get_picture(
    instance_id: str, token: int, key: str, services: ServicesOf, caller: TaskReader
) -> Response:
    """Return a picture of a task's form."""
    found = await services.inbox.find(caller.scope, instance_id, token, masked=True)
    form = await services.forms.get(caller.scope, found.instance.release, found.task.form)
    source = _source_of(form, key)
    variables = decoded(found.task.payload)
    record = variables.get(key) if isinstance(variables, Mapping) else None
    if source is None or not isinstance(record, str) or not record:
        raise _missing()
    content = bytearray()
    async for part in services.systems.download(source.system, source.resource, record):
        content += part
        if len(content) > BYTES_MAX:
            raise NotFound(text("The picture is too large to be shown.", "图片过大,无法显示。"))
    for magic, kind in _MAGIC:
        if content.startswith(magic):
            return Response(bytes(content), media_type=kind, headers=_HEADERS)
    raise _missing()


def _source_of(form: FormSpec | None, key: str) -> Source | None:
    fields = form.fields if form is not None else ()
    return next((each.source for each in fields if each.key == key), None)


def _missing() -> NotFound:
    return NotFound(text("There is no such picture.", "没有该图片。"))
