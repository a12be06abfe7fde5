"""Context functions (DMN 1.5, 10.3.4.11, table 81)."""

from __future__ import annotations

from typing import Any, Final

from lineshaft.feel.builtins.declaration import Builtin, Overload, Param
from lineshaft.feel.errors import Fault
from lineshaft.feel.runtime import Runtime, short


def _get_value(context: dict[str, Any], key: Any) -> Any:
    if isinstance(key, list | tuple):
        return _get_by_path(context, list(key))
    if not isinstance(key, str):
        raise Fault("expected a key, but found {found}", "应为键名，实际为 {found}", found=short(key))
    return context.get(key)


def _get_by_path(context: Any, keys: list[Any]) -> Any:
    if not keys:
        raise Fault("the list of keys is empty", "键列表为空")
    value = context
    for key in keys:
        if not isinstance(key, str):
            raise Fault("expected a key, but found {found}", "应为键名，实际为 {found}", found=short(key))
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _get_entries(context: dict[str, Any]) -> list[Any]:
    return [{"key": key, "value": item} for key, item in context.items()]


def _context(entries: list[Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for entry in entries:
        if not isinstance(entry, dict) or "key" not in entry or "value" not in entry:
            raise Fault(
                "expected entries of `key` and `value`, but found {found}",
                "应为含 `key` 与 `value` 的项，实际为 {found}",
                found=short(entry),
            )
        if not isinstance(entry["key"], str):
            raise Fault(
                "expected a key, but found {found}", "应为键名，实际为 {found}", found=short(entry["key"])
            )
        if entry["key"] in result:
            raise Fault("the key `{key}` stands twice", "键 `{key}` 重复", key=entry["key"])
        result[entry["key"]] = entry["value"]
    return result


def _context_put(s: Runtime, context: dict[str, Any], key: Any, value: Any) -> dict[str, Any]:
    s.spend(len(context))
    if isinstance(key, str):
        return {**context, key: value}
    if isinstance(key, list | tuple):
        if not key:
            raise Fault("the list of keys is empty", "键列表为空")
        if not all(isinstance(each, str) for each in key):
            raise Fault(
                "expected keys, but found {found}", "应为键名，实际为 {found}", found=short(list(key))
            )
        head, rest = key[0], list(key[1:])
        if not rest:
            return {**context, head: value}
        below = context.get(head)
        if head in context and not isinstance(below, dict):
            raise Fault("the entry `{key}` is no context", "`{key}` 不是上下文", key=head)
        if len(rest) > 100:
            raise Fault("the path is too long", "路径过长")
        return {**context, head: _context_put(s, below or {}, rest, value)}
    raise Fault("expected a key or keys, but found {found}", "应为键名，实际为 {found}", found=short(key))


def _context_merge(s: Runtime, contexts: list[Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for context in contexts:
        if not isinstance(context, dict):
            raise Fault(
                "expected contexts, but found {found}", "应为上下文，实际为 {found}", found=short(context)
            )
        s.spend(len(context))
        result.update(context)
    return result


_CONTEXT: Final = Param("context", "context")

FUNCTIONS: Final = (
    Builtin(
        "get value",
        "context",
        (
            Overload((Param("m", "context"), Param("key", "any")), _get_value),
            Overload((_CONTEXT, Param("key", "any")), _get_value),
            Overload((_CONTEXT, Param("keys", "any")), _get_value),
        ),
        "any",
        "The value of an entry; null where there is none. A list of keys is a path (Camunda).",
        "取某键的值，不存在则为 null；键列表表示路径（Camunda）。",
        (
            ('get value({key1: "value1"}, "key1")', '"value1"'),
            ('get value({a: {b: 3}}, ["a", "b"])', "3"),
        ),
    ),
    Builtin(
        "get entries",
        "context",
        (
            Overload((Param("m", "context"),), _get_entries),
            Overload((_CONTEXT,), _get_entries),
        ),
        "list",
        "The entries as a list of contexts with `key` and `value`.",
        "以 `key`、`value` 列表返回所有项。",
        (("get entries({a: 1})", '[{key: "a", value: 1}]'),),
    ),
    Builtin(
        "context",
        "context",
        (Overload((Param("entries", "list"),), _context),),
        "context",
        "A context of entries with `key` and `value`.",
        "由 `key`、`value` 列表构造上下文。",
        (('context([{key: "a", value: 1}, {key: "b", value: 2}])', "{a: 1, b: 2}"),),
    ),
    Builtin(
        "context put",
        "context",
        (
            Overload(
                (_CONTEXT, Param("key", "any"), Param("value", "any")), _context_put, needs_runtime=True
            ),
            Overload(
                (_CONTEXT, Param("keys", "any"), Param("value", "any")), _context_put, needs_runtime=True
            ),
        ),
        "context",
        "The context with an entry added or replaced; a list of keys is a path.",
        "增加或替换一项；键列表表示路径。",
        (
            ('context put({x: 1}, "y", 2)', "{x: 1, y: 2}"),
            ('context put({x: 1, y: {a: 0}}, ["y", "a"], 2)', "{x: 1, y: {a: 2}}"),
        ),
    ),
    Builtin(
        "context merge",
        "context",
        (Overload((Param("contexts", "list"),), _context_merge, needs_runtime=True),),
        "context",
        "All entries of the contexts; later ones replace earlier ones.",
        "合并多个上下文，后者覆盖前者。",
        (("context merge([{x: 1, y: 0}, {y: 2}])", "{x: 1, y: 2}"),),
    ),
)
