"""``connector``: make, try and look at manifests, without a hub."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import typer

from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.cli.surroundings import AsJson, Surroundings, here, json_object, out, out_json, table
from lineshaft.cli.systems import call_system, describe_system, read_from_system

if TYPE_CHECKING:
    from lineshaft.app.trial import Exchange, Trial
    from lineshaft.sdk.outcomes import CheckStep

commands = typer.Typer(help="Connect other systems. 接入其他系统。", no_args_is_help=True)

ManifestFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="A system's manifest (YAML). 系统清单。")
]
Target = Annotated[str, typer.Argument(help="A manifest, or a system of the hub. 清单或系统。")]
Settings = Annotated[list[str] | None, typer.Option("--set", help="A setting, e.g. base_url=http://… 设置。")]
Traffic = Annotated[bool, typer.Option("--traffic", help="Print requests and answers. 显示请求与应答。")]
Record = Annotated[
    Path | None, typer.Option("--record", help="Keep the exchanges in this file. 录制到文件。")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="connector")


@commands.command("list")
def list_kinds(context: typer.Context, as_json: AsJson = False) -> None:
    """List the kinds of connectors, and the products with a shipped manifest. 连接器类型与预置产品。"""
    from lineshaft.app.trial import make_registry, products

    around = here(context)
    registry = make_registry()
    kinds = [registry.kind(name) for name in registry.names]
    if as_json:
        listed = [{"name": kind.name, "label": kind.label.to_dict(), "product": False} for kind in kinds]
        out_json(listed + [{"name": n, "label": label.to_dict(), "product": True} for n, label in products()])
        return
    rows = [(kind.name, kind.label.in_language(around.language)) for kind in kinds]
    table((around.word("connector", "类型"), around.word("what it joins", "用途")), rows)
    out("")
    shown = [(name, label.in_language(around.language)) for name, label in products()]
    table((around.word("product", "产品"), around.word("connector new FILE --product …", "预置清单")), shown)


@commands.command("new")
def new(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The manifest to write, e.g. systems/shop.yaml. 清单文件。")],
    *,
    from_openapi: Annotated[
        str | None, typer.Option("--from-openapi", help="OpenAPI file or its address. OpenAPI 文件或地址。")
    ] = None,
    from_wsdl: Annotated[
        str | None, typer.Option("--from-wsdl", help="WSDL file or its address (SOAP). WSDL 文件或地址。")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="Of an OpenAPI file: a part of a path, or a tag. 仅取路径片段或标签。"),
    ] = None,
    product: Annotated[
        str | None, typer.Option(help="A product with a shipped manifest. 预置清单的产品。")
    ] = None,
    auth: Annotated[
        str, typer.Option(help="bearer, api_key, basic, session, oauth2 … 认证方式。")
    ] = "bearer",
    force: Annotated[bool, typer.Option("--force", help="Overwrite. 覆盖。")] = False,
) -> None:
    """Write a first manifest. 生成清单初稿。"""
    from lineshaft.app.trial import draft_from, draft_from_wsdl, read_openapi, shipped
    from lineshaft.connectors.http.starting import first_manifest

    around = here(context)
    name = _system_name(file)
    if product is not None:
        content, base = shipped(product, name), ""
    elif from_wsdl is not None:
        draft, base = draft_from_wsdl(_document(from_wsdl), from_wsdl, name, _document)
        content = draft.text()
    elif from_openapi is not None:
        described = read_openapi(_document(from_openapi), from_openapi)
        draft, base = draft_from(described, name, only=only or (), place=from_openapi)
        content = draft.text()
    else:
        content, base = first_manifest(name, auth), ""
    _write(file, content, force=force)
    around.say("Written: {file}", "已生成:{file}", file=file)
    _say_what_is_needed(around, file, base)


def _document(place: str) -> bytes:
    """Return a description, or what it imports: a file, or what an address answers."""
    from lineshaft.app.trial import fetched

    if place.startswith(("http://", "https://")):
        return asyncio.run(fetched(place))
    try:
        return Path(place).read_bytes()
    except OSError as error:
        raise InputError(
            text("{file} cannot be read: {why}", "无法读取 {file}:{why}", file=place, why=error.strerror)
        ) from error


@commands.command("explore")
def explore_command(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="Address of a list of records. 列表接口地址。")],
    *,
    header: Annotated[
        list[str] | None,
        typer.Option("--header", help="'X-Api-Key: secret:NAME' or 'Accept: text/plain'. 请求头。"),
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", help="secret:USER,secret:PASSWORD (basic). 用户与密码。")
    ] = None,
    name: Annotated[str, typer.Option(help="The resource's name. 资源名称。")] = "",
    to: Annotated[Path | None, typer.Option("--to", help="Write the manifest here. 清单文件。")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite. 覆盖。")] = False,
    traffic: Traffic = False,
    as_json: AsJson = False,
) -> None:
    """Look at an undocumented address: fields, samples, paging; only reads. 探查无文档的接口(只读)。"""
    from lineshaft.app.trial import draft_of, explored

    around = here(context)
    system = _system_name(to) if to is not None else "system"
    url, shown = _credentials(around, system, url, header or [], user)
    sent = {**shown.headers, **shown.query}
    told = _printer(lambda words: _hidden(words, sent)) if traffic else None
    base, path, found = asyncio.run(explored(url, shown.headers, told, key=list(shown.query.items())))
    if found.problem:
        raise InputError(
            text("{url} answered {status}: {words}", "{url} 返回 {status}:{words}",
                 url=url, status=found.status, words=_hidden(found.problem, sent)),
            hint=text("look at the address and the credentials (--header, --user)",
                      "请核对地址与凭据(--header、--user)"),
        )  # fmt: skip
    draft = draft_of(system, path, found, shown.auth, name or None)
    if as_json:
        out_json(
            {
                "records": found.records_at,
                "count": len(found.records),
                "id": found.id_field,
                "changed": found.changed_field,
                "paging": found.paging,
                "fields": [{"name": f.name, "type": f.type, "sample": f.sample} for f in found.fields],
            }
        )
    else:
        _show_found(around, found)
    if to is not None:
        _write(to, draft.text(), force=force)
        around.say("Written: {file}", "已生成:{file}", file=to)
        _say_what_is_needed(around, to, base)
    elif not as_json:
        out("")
        out(draft.text().rstrip())


def _show_found(around: Surroundings, found: Any) -> None:
    around.say(
        "{count} records under {at}; id: {id}; changed: {changed}; paging: {paging}",
        "{at} 下 {count} 条记录;标识:{id};修改时间:{changed};分页:{paging}",
        count=len(found.records),
        at=found.records_at,
        id=found.id_field or "-",
        changed=found.changed_field or "-",
        paging=json.dumps(found.paging) if found.paging else "-",
    )
    headings = (around.word("field", "字段"), around.word("type", "类型"), around.word("sample", "示例"))
    table(headings, [(f.name, f.type + ("!" if f.required else ""), f.sample) for f in found.fields])
    for note in found.notes:
        out(f"- {note}")


@commands.command("check")
def check(
    context: typer.Context,
    target: Target,
    *,
    settings: Settings = None,
    traffic: Traffic = False,
    record: Record = None,
    as_json: AsJson = False,
) -> None:
    """Test a connection step by step; nothing is changed there. 逐步测试连接(不改动数据)。"""
    around = here(context)
    if not _is_manifest(target):
        with around.api() as api:
            answer = api.send("POST", f"/systems/{target}/check", {})
        steps = [(each["name"], each["ok"], each["detail"]) for each in answer]
    else:

        async def work(trial: Trial) -> list[CheckStep]:
            return await trial.connector.check()

        found = _with(around, Path(target), settings, work, traffic=traffic, record=record)
        steps = [(step.name.to_dict(), step.ok, step.detail.to_dict()) for step in found]
    if as_json:
        out_json([{"name": name, "ok": ok, "detail": detail} for name, ok, detail in steps])
    else:
        for name, ok, detail in steps:
            out(f"{'ok  ' if ok else 'FAIL'}  {name[around.language]}: {detail[around.language]}")
    if not all(ok for _, ok, _ in steps):
        raise typer.Exit(1)


@commands.command("describe")
def describe(
    context: typer.Context,
    target: Target,
    resource: Annotated[str, typer.Argument(help="Only this resource. 仅此资源。")] = "",
    *,
    settings: Settings = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Only what the manifest says. 仅显示清单内容。")
    ] = False,
    traffic: Traffic = False,
    record: Record = None,
    as_json: AsJson = False,
) -> None:
    """Show operations, and resources with fields, types and live samples. 显示操作与资源字段。"""
    around = here(context)
    if not _is_manifest(target):
        describe_system(around, target, resource, offline=offline, as_json=as_json)
        return

    async def work(trial: Trial) -> Any:
        spec = trial.definition.spec
        return spec, list(spec.resources) if offline else await trial.connector.describe()

    spec, resources = _with(around, Path(target), settings, work, traffic=traffic, record=record)
    resources = [each for each in resources if resource in ("", each.name)]
    if as_json:
        out_json(_described(spec, resources))
        return
    for each in resources:
        out(f"{each.name}  {each.label.in_language(around.language)}")
        rows = [("", f.name, f.type + ("!" if f.required else ""), f.sample) for f in each.fields]
        table(
            ("", around.word("field", "字段"), around.word("type", "类型"), around.word("sample", "示例")),
            rows,
        )
    if not resource:
        for operation in spec.operations:
            fields = ", ".join(f.name + ("!" if f.required else "") for f in operation.input)
            out(f"{operation.name}  {operation.label.in_language(around.language)}  ({fields})")


def _described(spec: Any, resources: list[Any]) -> Mapping[str, Any]:
    def field(each: Any) -> Mapping[str, Any]:
        label = each.label.to_dict() if each.label else None
        return {
            "name": each.name,
            "type": each.type,
            "required": each.required,
            "label": label,
            "sample": each.sample,
        }

    return {
        "name": spec.name,
        "resources": [
            {"name": r.name, "label": r.label.to_dict(), "fields": [field(f) for f in r.fields]}
            for r in resources
        ],
        "operations": [
            {
                "name": o.name,
                "label": o.label.to_dict(),
                "safety": o.safety,
                "input": [field(f) for f in o.input],
            }
            for o in spec.operations
        ],
    }


@commands.command("read")
def read(
    context: typer.Context,
    target: Target,
    resource: Annotated[str, typer.Argument(help="The resource. 资源。")],
    record_id: Annotated[str, typer.Argument(help="One record's id; without: what changed. 记录标识。")] = "",
    *,
    settings: Settings = None,
    limit: Annotated[int, typer.Option(help="At most so many. 最多条数。")] = 20,
    to: Annotated[Path | None, typer.Option("--to", help="Download the file's content. 下载文件。")] = None,
    traffic: Traffic = False,
    record: Record = None,
) -> None:
    """Read one record, a file, or the first changes of a resource. 读取记录、文件或变更。"""
    around = here(context)
    if not _is_manifest(target):
        read_from_system(around, target, resource, record_id, limit)
        return

    async def work(trial: Trial) -> Any:
        if to is not None:
            return await _download(trial, resource, record_id, to)
        if record_id:
            return await trial.connector.read(resource, record_id)
        return await _changes(trial, resource, limit)

    found = _with(around, Path(target), settings, work, traffic=traffic, record=record)
    if found is None:
        around.say("There is none.", "没有此记录。")
        raise typer.Exit(1)
    out_json(found)


async def _download(trial: Trial, resource: str, record_id: str, to: Path) -> Mapping[str, Any]:
    size = 0
    with to.open("wb") as file:
        async for part in trial.http().download(resource, record_id):
            file.write(part)
            size += len(part)
    return {"file": str(to), "bytes": size}


async def _changes(trial: Trial, resource: str, limit: int) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    cursor: bytes | None = None
    while True:
        page = await trial.connector.changes(resource, cursor)
        for change in page.changes:
            found.append(
                {
                    "id": change.id,
                    "type": change.type,
                    "subject": change.subject,
                    "occurred_at": change.occurred_at.isoformat() if change.occurred_at else None,
                    "data": change.data,
                    "documents": [
                        f"{each.kind} {each.number} {each.status}".strip() for each in change.documents
                    ],
                }
            )
            if len(found) >= limit:
                return found
        if not page.more:
            return found
        cursor = page.cursor


@commands.command("call")
def call(
    context: typer.Context,
    target: Target,
    operation: Annotated[str, typer.Argument(help="The operation. 操作。")],
    payload: Annotated[str, typer.Argument(help="JSON, or a JSON file. JSON 或文件。")] = "{}",
    *,
    settings: Settings = None,
    key: Annotated[str, typer.Option(help="Idempotency key; otherwise a new one. 幂等键。")] = "",
    upload: Annotated[
        Path | None, typer.Option("--upload", help="Send this file's content as the body. 上传文件。")
    ] = None,
    traffic: Traffic = False,
    record: Record = None,
) -> None:
    """Carry out an operation once. It really happens there. 执行一次操作(真实写入)。"""
    from lineshaft.app.trial import call_context

    around = here(context)
    given = json_object(payload)
    if not _is_manifest(target):
        call_system(around, target, operation, given, key)
        return
    chosen = key or f"trial-{secrets.token_hex(8)}"

    async def work(trial: Trial) -> Any:
        if upload is not None:
            return await trial.http().upload(operation, given, call_context(chosen), _pieces(upload))
        return await trial.connector.call(operation, given, call_context(chosen))

    outcome = _with(around, Path(target), settings, work, traffic=traffic, record=record)
    out_json(
        {
            "number": outcome.number,
            "answer": outcome.answer,
            "repeated": outcome.repeated,
            "documents": [f"{each.kind} {each.number} {each.status}".strip() for each in outcome.documents],
        }
    )


def _pieces(file: Path) -> Callable[[], Any]:
    async def pieces() -> Any:
        with file.open("rb") as opened:
            while part := opened.read(256 * 1024):
                yield part

    return pieces


@commands.command("replay")
def replay(
    context: typer.Context,
    recording: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="Made by --record. 录制文件。")
    ],
    port: Annotated[int, typer.Option(help="Port; 0: any. 端口。")] = 0,
) -> None:
    """Answer on this machine what was recorded: a stand-in for tests. 回放录制的应答。"""
    from lineshaft.connectors.http.recording import Replay, read_recording

    around = here(context)
    server = Replay(read_recording(recording.read_text(encoding="utf-8"), str(recording)))

    async def serve() -> None:
        url = await server.start(port)
        around.say("Answering at {url} (Ctrl-C ends it)", "应答地址 {url}(Ctrl-C 结束)", url=url)
        try:
            await asyncio.Event().wait()
        finally:
            await server.stop()

    asyncio.run(serve())


@commands.command("schema")
def schema(context: typer.Context) -> None:
    """Print the JSON Schema of manifests, for editors. 输出清单的 JSON Schema。"""
    from lineshaft.connectors.http.manifest_schema import manifest_schema

    here(context)
    out_json(manifest_schema())


# --- shared --------------------------------------------------------------------------------------


def _with(
    around: Surroundings,
    file: Path,
    settings: list[str] | None,
    work: Callable[[Trial], Awaitable[Any]],
    *,
    traffic: bool,
    record: Path | None,
) -> Any:
    """Open the connector of a file, do some work, and keep or print its traffic where that is wanted."""
    from lineshaft.app.trial import tried
    from lineshaft.connectors.http.recording import Recorder

    given = dict(_pair(each) for each in settings or [])

    async def run() -> Any:
        async with tried(file, around.config(), around.environment, given) as trial:
            recorder = Recorder(trial.http().redact) if record is not None else None
            if traffic or recorder is not None:
                printer = _printer(trial.http().redact) if traffic else None
                trial.http().watch(_both(printer, recorder))
            try:
                return await work(trial)
            finally:
                if recorder is not None:
                    _keep(record, recorder.text())

    return asyncio.run(run())


def _keep(record: Path | None, content: str) -> None:
    if record is not None:
        record.write_text(content, encoding="utf-8")


def _both(
    first: Callable[[Exchange], None] | None, second: Callable[[Exchange], None] | None
) -> Callable[[Exchange], None]:
    def told(exchange: Exchange) -> None:
        for each in (first, second):
            if each is not None:
                each(exchange)

    return told


def _printer(redact: Callable[[str], str]) -> Callable[[Exchange], None]:
    def printed(exchange: Exchange) -> None:
        from lineshaft.connectors.http.recording import Recorder

        recorder = Recorder(redact)
        recorder(exchange)
        out(f"> {exchange.method} {redact(exchange.url)}")
        for each in recorder.exchanges:
            if each.body:
                out(f"> {each.body[:2000]}")
            out(f"< {each.status} {each.headers.get('content-type', '')}")
            if each.answer:
                out(f"< {each.answer[:2000]}")
        if exchange.reply is None:
            out(f"< {exchange.error}")

    return printed


def _pair(given: str) -> tuple[str, str]:
    name, sign, value = given.partition("=")
    if not sign:
        raise InputError(
            text("Expected NAME=VALUE, but it is {given}", "应为 名称=值,实际为 {given}", given=given)
        )
    return name, value


def _system_name(file: Path) -> str:
    name = file.name.partition(".")[0].replace("-", "_").lower()
    if not name.isidentifier():
        raise InputError(
            text(
                "Expected a file name in letters, digits and _, but it is {name}",
                "文件名应由字母、数字和下划线组成,实际为 {name}",
                name=file.name,
            )
        )
    return name


def _write(file: Path, content: str, *, force: bool) -> None:
    if file.exists() and not force:
        raise InputError(
            text("{file} is there already.", "{file} 已存在。", file=file),
            hint=text("--force overwrites it.", "可用 --force 覆盖。"),
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")


def _say_what_is_needed(around: Surroundings, file: Path, base: str) -> None:
    from lineshaft.app.trial import make_registry

    definition = make_registry().read(file.read_bytes(), str(file))
    for name in sorted(definition.secrets):
        around.say(
            "Secret: set LINESHAFT_SECRET_{upper}",
            "密钥:设置环境变量 LINESHAFT_SECRET_{upper}",
            upper=name.upper(),
        )
    around.say(
        "Then: lineshaft connector check {file} --set base_url={base}",
        "然后:lineshaft connector check {file} --set base_url={base}",
        file=file,
        base=base if "://" in base else f"http://…{base}",
    )


@dataclass(slots=True)
class _Credentials:
    """What an exploration shows to the application, and how the manifest says the same by reference."""

    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    auth: dict[str, Any] = field(default_factory=dict)


def _credentials(
    around: Surroundings, system: str, url: str, headers: list[str], user: str | None
) -> tuple[str, _Credentials]:
    """Take the credentials out of what was typed; return the address without them, and them."""
    from lineshaft.connectors.http.expressions import is_sensitive
    from lineshaft.security.secrets import Secrets

    config = around.config()
    known = Secrets(around.environment, Path(config.secrets_file) if config.secrets_file else None)
    found = _Credentials()

    def reference(name: str, value: str) -> tuple[str, str]:
        """Return the value as it is sent and as the manifest names it."""
        before, mark, called = value.partition("secret:")
        if mark:
            return before + _secret(known, called), _reference(before, called)
        if not is_sensitive(name):
            return value, f'"{value}"'
        # A value that was typed is a secret all the same: the manifest gets a reference to it.
        scheme, blank, _ = value.partition(" ")
        called = re.sub(r"[^a-z0-9]+", "_", f"{system}_{name}".lower()).strip("_")
        return value, _reference(f"{scheme} " if blank else "", called)

    fixed: dict[str, dict[str, str]] = {"headers": {}, "query": {}}
    for each in headers:
        name, _, value = each.partition(":")
        found.headers[name], fixed["headers"][name] = reference(name, value.strip())
    parts = urlsplit(url)
    rest = []
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if is_sensitive(name) or value.startswith("secret:"):
            found.query[name], fixed["query"][name] = reference(name, value)
        else:
            rest.append((name, value))
    if fixed["headers"] or fixed["query"]:
        found.auth = {"kind": "fixed", **{place: table for place, table in fixed.items() if table}}
    if user is not None:
        login, _, password = user.partition(",")
        names = [each.removeprefix("secret:") for each in (login, password)]
        pair = ":".join(_secret(known, each) if each else "" for each in names)
        found.headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        found.auth = {"kind": "basic", "user": f"secret:{names[0]}"}
        if names[1]:
            found.auth["password"] = f"secret:{names[1]}"
    return urlunsplit(parts._replace(query=urlencode(rest))), found


def _is_manifest(target: str) -> bool:
    """Whether a target is a file, not a system of the hub.

    Raises:
        InputError: It reads like a file, but there is none.
    """
    if Path(target).is_file():
        return True
    if "/" in target or "\\" in target or target.endswith((".yaml", ".yml")):
        raise InputError(
            text("There is no file {file}.", "文件 {file} 不存在。", file=target),
            hint=text(
                "a manifest is named by its path, a system of the hub by its name alone",
                "清单请写路径,中枢内的系统只写名称",
            ),
            code="file_missing",
        )
    return False


def _reference(before: str, reference: str) -> str:
    return f'"{before}" + secrets.{reference}' if before else f"secret:{reference}"


def _secret(known: Callable[[str], str], name: str) -> str:
    try:
        return known(name)
    except KeyError as error:
        raise InputError(
            text("There is no secret {name}.", "没有密钥 {name}。", name=name),
            hint=text(
                "set LINESHAFT_SECRET_{upper}, or put it into the secrets file",
                "设置 LINESHAFT_SECRET_{upper} 或写入密钥文件",
                upper=name.upper(),
            ),
        ) from error


def _hidden(words: str, sent: Mapping[str, str]) -> str:
    for value in sent.values():
        for part in {value, value.partition(" ")[2]}:
            if len(part) >= 4:
                words = words.replace(part, "***")
    return words
