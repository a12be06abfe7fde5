"""What an earlier version kept in files beside the store: read once, taken over, put aside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lineshaft.base.errors import ConfigError
from lineshaft.base.text import text


def read_file(path: Path, key: str) -> list[dict[str, Any]]:
    """Return the entries of a file of an earlier version; none where there is no file."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return [dict(entry) for entry in stored[key]]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            text(
                "Expected the {key} in {path}, but the file cannot be read: {error}",
                "无法读取文件 {path}({key}):{error}",
                key=key,
                path=path,
                error=error,
            ),
            code=f"{key}_unreadable",
        ) from error


def put_aside(path: Path) -> None:
    """Rename a file whose content lies in the store now."""
    if path.exists():
        path.rename(path.with_suffix(".json.adopted"))
