"""A manifest of kind ``files`` at work: the sdk's ``Connector`` over a place for files.

A file that is written appears whole or not at all, under a name that the payload decides. So a repeat finds
it and, where it holds the same, does nothing; where it holds something else that stays, and the call is
refused.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, BinaryIO, Final, cast

from lineshaft.base.errors import (
    ConnectorError,
    ExpressionError,
    Invalid,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from lineshaft.base.text import Text, text
from lineshaft.connectors.files.aws_signature import Keys
from lineshaft.connectors.files.folder import FolderStore
from lineshaft.connectors.files.model import FilesManifest, OperationRule, ResourceRule
from lineshaft.connectors.files.reading import Unreadable, records
from lineshaft.connectors.files.s3 import Bucket, S3Store
from lineshaft.connectors.files.store import Entry, Fault, FileStore, joined
from lineshaft.connectors.files.taking import Taker
from lineshaft.connectors.files.values import Unfit, exact, record_of
from lineshaft.connectors.files.writing import Unwritable, content_of
from lineshaft.sdk.connector import CallContext
from lineshaft.sdk.items import write_each
from lineshaft.sdk.outcomes import ChangePage, CheckStep, DocumentFact, ItemOutcome, Outcome
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.secret_names import without_secrets
from lineshaft.sdk.settings import checked_settings
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec, ResourceSpec
from lineshaft.sdk.undeclared import declared

_READ_TIMEOUT_S: Final = 30.0
_ROWS_MAX: Final = 1_000
_NAME_BYTES_MAX: Final = 200
_SAMPLE_MAX: Final = 60


@dataclass(slots=True)
class _Progress:
    """How far a call has come: decides what a lost connection means."""

    placing: bool = False

    def place(self) -> None:
        """From now on the file may be there."""
        self.placing = True


class FilesConnector:
    """One connected place for files."""

    def __init__(self, manifest: FilesManifest, connection: Connection) -> None:
        self._manifest = manifest
        self._connection = connection
        self._store = store_of(manifest, connection)
        self._takers: dict[str, Taker] = {}

    @property
    def spec(self) -> ConnectorSpec:
        """The manifest's declaration."""
        return self._manifest.spec

    async def open(self) -> None:
        """Nothing is connected yet."""

    async def close(self) -> None:
        """Let go of files and connections."""
        for taker in self._takers.values():
            taker.close()
        self._takers.clear()
        await self._store.close()

    async def check(self) -> list[CheckStep]:
        """Reach the place, log in, look into every folder, ask for the right to write where one can ask."""
        steps: list[CheckStep] = []
        name = Text("Reach", "连通")
        remote = self._manifest.store != "folder"
        try:
            async with self._work("check", _READ_TIMEOUT_S):
                await self._store.connect()
                steps.append(_good(name))
                if remote:
                    steps += [_good(Text("Identity", "服务器身份")), _good(Text("Log in", "登录"))]
                name = Text("Read", "读取")
                for rule in self._manifest.resources.values():
                    await self._store.list(rule.folder)
                steps.append(_good(name))
                name = Text("Write", "写入")
                await self._check_writing(steps, name)
        except ConnectorError as error:
            if error.code == "wrong_credentials":
                return [_good(name), _good(Text("Identity", "服务器身份")),
                        CheckStep(Text("Log in", "登录"), False, error.message)]  # fmt: skip
            if error.code == "wrong_identity":
                return [_good(name), CheckStep(Text("Identity", "服务器身份"), False, error.message)]
            steps.append(CheckStep(name, False, error.message))
        return steps

    async def _check_writing(self, steps: list[CheckStep], name: Text) -> None:
        folders = {rule.folder for rule in self._manifest.operations.values() if rule.action == "write"}
        folders |= {rule.folder for rule in self._manifest.resources.values()}
        answers = {folder: await self._store.may_write(folder) for folder in sorted(folders)}
        denied = [folder or "." for folder, allowed in answers.items() if allowed is False]
        if denied:
            message = text(
                "no right to write in {folders}", "没有写入权限:{folders}", folders=", ".join(denied)
            )
            steps.append(CheckStep(name, False, message))
        elif None not in answers.values():
            steps.append(_good(name))

    async def describe(self) -> list[ResourceSpec]:
        """Return the declared resources, with samples and further columns of a file that lies there."""
        found = []
        async with self._work("describe", _READ_TIMEOUT_S):
            for rule in self._manifest.resources.values():
                spec = next(one for one in self.spec.resources if one.name == rule.name)
                found.append(_described(spec, rule, await self._sample(rule)))
        return found

    async def read(self, resource: str, record_id: str) -> Mapping[str, Any] | None:
        """Return the first record of the file that belongs to an id, waiting or archived."""
        rule = self._resource(resource)
        if rule.file_of is None:
            raise self._unknown("file_of", resource)
        name = self._file_name(rule.file_of.words({"id": record_id}))
        folders = [rule.folder, *([rule.archive] if rule.archive is not None else [])]
        async with self._work(f"{resource}.read", _READ_TIMEOUT_S):
            found = await self._find(folders, name)
            if found is None:
                return None
            with _here() as content:
                await self._store.fetch(found[0], content)
                content.seek(0)
                raw = next(iter(records(content, rule.shape, rule.columns)), None)
                return None if raw is None else record_of(rule.columns, raw.values, self._manifest.formats)

    async def changes(self, resource: str, cursor: bytes | None) -> ChangePage:
        """Return the next records of the files that lie there; see ``taking``."""
        rule = self._resource(resource)
        taker = self._takers.get(resource)
        if taker is None:
            clock = self._connection.clock
            taker = self._takers[resource] = Taker(rule, self._manifest, self._store, clock.monotonic)
        async with self._work(f"{resource}.changes", None):
            return await taker.page(cursor)

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        """Write a file, or look for one."""
        rule = self._operation(operation)
        names = {"payload": payload, "key": context.key}
        try:
            path = joined(rule.folder, self._file_name(rule.file.words(names)))
            content = self._content(rule, names) if rule.action == "write" else b""
            number = rule.number.words(names) if rule.number is not None else ""
        except ExpressionError as error:
            raise Invalid(error.message, code="request_incomplete", hint=error.hint) from error
        except Unwritable as error:
            raise Invalid(error.message, code="value_unfit") from None
        async with self._work(operation, min(context.timeout_s, rule.timeout_s)) as progress:
            if rule.action == "find":
                return await self._found(rule, path)
            known = await self._known(rule, path, content)
            if known is None:
                context.sending()
                try:
                    await self._store.write(path, content, replace=rule.replace, placing=progress.place)
                except Fault as fault:
                    # Somebody was quicker; what lies there decides.
                    known = await self._known(rule, path, content) if fault.kind == "exists" else None
                    if known is None:
                        raise
        return self._outcome(rule, known or path, number, len(content), repeated=known is not None)

    async def probe(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome | None:
        """Look for the file."""
        rule = self._operation(operation)
        names = {"payload": payload, "key": context.key}
        async with self._work(f"{operation} (probe)", context.timeout_s):
            content = self._content(rule, names)
            path = joined(rule.folder, self._file_name(rule.file.words(names)))
            known = await self._known(rule, path, content)
        if known is None:
            return None
        number = rule.number.words(names) if rule.number is not None else ""
        return self._outcome(rule, known, number, len(content), repeated=True)

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        """Write a file for each item, one after another; item *n* has the key ``key/n``."""
        return await write_each(partial(self.call, operation), items, context)

    # -- writing -----------------------------------------------------------------------------------

    def _content(self, rule: OperationRule, names: Mapping[str, Any]) -> bytes:
        lines: list[Mapping[str, Any]] = [names]
        if rule.rows is not None:
            each = rule.rows.value(names)
            found = each if isinstance(each, list | tuple) else [each]
            lines = [{**names, "line": line} for line in found]
        rows = [[exact(column.value.value(line)) for column in rule.columns] for line in lines]
        headings = [column.heading for column in rule.columns]
        return content_of(rule.shape, headings, rows, self._manifest.formats)

    async def _known(self, rule: OperationRule, path: str, content: bytes) -> str | None:
        """Return where the file lies already, with just this content; ``None`` where it is to be written.

        Raises:
            Refused: Another content lies there, and may not be replaced.
        """
        found = await self._find([rule.folder, *rule.also_in], path.rpartition("/")[2])
        if found is None:
            return None
        if found[1].size == len(content):
            with _here() as there:
                await self._store.fetch(found[0], there)
                there.seek(0)
                if there.read() == content:
                    return found[0]
        if rule.replace:
            return None
        raise Refused(
            self._about(
                text(
                    "has a file {path} with another content; it was left alone",
                    "已有内容不同的文件 {path},未改动",
                    path=found[0],
                )
            ),
            code="file_differs",
            vendor_code="file_differs",
            hint=text(
                "put something into the name that changes with the content, or allow `exists: replace`",
                "让文件名随内容变化,或设置 exists: replace",
            ),
        )

    async def _find(self, folders: Sequence[str], name: str) -> tuple[str, Entry] | None:
        for folder in folders:
            path = joined(folder, name)
            entry = await self._store.find(path)
            if entry is not None:
                return path, entry
        return None

    async def _found(self, rule: OperationRule, path: str) -> Outcome:
        """Return the rows of a file that may be there."""
        found = await self._find([rule.folder, *rule.also_in], path.rpartition("/")[2])
        if found is None:
            return Outcome({"found": False, "rows": [], "count": 0, "row": None})
        rows: list[dict[str, Any]] = []
        with _here() as content:
            await self._store.fetch(found[0], content)
            content.seek(0)
            for raw in records(content, rule.shape, rule.found):
                if len(rows) == _ROWS_MAX:
                    break
                rows.append(record_of(rule.found, raw.values, self._manifest.formats))
        answer = {"found": True, "path": found[0], "rows": rows, "count": len(rows)}
        return Outcome({**answer, "row": rows[0] if rows else None})

    def _outcome(self, rule: OperationRule, path: str, number: str, size: int, *, repeated: bool) -> Outcome:
        name = number or path.rpartition("/")[2]
        documents = (DocumentFact(rule.document, name, path),) if rule.document is not None else ()
        return Outcome({"path": path, "bytes": size}, name, documents, repeated=repeated)

    def _file_name(self, name: str) -> str:
        """Return a name that is one, and nothing else.

        Raises:
            Invalid: It would lead elsewhere, is hidden, or too long for a file system.
        """
        if (
            not name
            or name.startswith(".")
            or any(mark in name for mark in '/\\:*?"<>|')
            or not name.isprintable()
            or len(name.encode()) > _NAME_BYTES_MAX
        ):
            raise Invalid(
                self._about(
                    text("expected a file name, but it is {name}", "应为文件名,实际为 {name}", name=name[:80])
                ),
                code="file_name",
                hint=text(
                    "a name has up to 200 bytes, does not begin with a point and holds none of {marks}",
                    "文件名至多 200 字节,不以点开头,不含 {marks}",
                    marks='/ \\ : * ? " < > |',
                ),
            )
        return name

    # -- the frame of all work ---------------------------------------------------------------------

    @asynccontextmanager
    async def _work(self, what: str, timeout_s: float | None) -> AsyncIterator[_Progress]:
        """Turn what goes wrong into the class that decides what follows."""
        progress = _Progress()
        try:
            async with asyncio.timeout(timeout_s):
                yield progress
        except Fault as fault:
            raise self._judged(fault, what, placing=progress.placing) from None
        except TimeoutError:
            if progress.placing:
                raise self._lost(what) from None
            message = text("{what}: no answer in time", "{what}:未及时答复", what=what)
            raise Unavailable(self._about(message), code="timeout") from None
        except ExpressionError as error:
            raise Invalid(error.message, code="request_incomplete", hint=error.hint) from error
        except (Unreadable, Unfit) as error:
            raise Invalid(self._about(error.message), code="file_unreadable") from None

    def _judged(self, fault: Fault, what: str, *, placing: bool) -> ConnectorError:
        words = without_secrets(fault.words, self._manifest.secrets, self._connection.secret)
        if placing and fault.kind in ("lost", "other"):
            return self._lost(what, fault.code, words)
        message = text("{what}: {words}", "{what}:{words}", what=what, words=words)
        make: type[ConnectorError] = Unavailable
        code, hint = f"file_{fault.kind}", None
        match fault.kind:
            case "credentials":
                code = "wrong_credentials"
                message = text(
                    "does not accept the credentials ({words})", "不接受当前凭据({words})", words=words
                )
            case "identity":
                code = "wrong_identity"
                message = text(
                    "is not the server it should be: its key is {words}",
                    "不是预期的服务器:其密钥指纹为 {words}",
                    words=words,
                )
                hint = text(
                    "compare with the server's owner before writing it into host_key",
                    "与服务器负责人核对后再写入 host_key",
                )
            case "unreachable":
                code = "unreachable"
            case "denied" if what in self._manifest.operations:
                make = Refused
            case "exists":
                make, code = Refused, "file_differs"
        known = fault.code or fault.kind
        return make(self._about(message), code=code, hint=hint, vendor_code=known, vendor_text=words)

    def _lost(self, what: str, code: str = "timeout", words: str = "") -> ConnectorError:
        message = text(
            "{what}: the file may be there, the answer is lost",
            "{what}:文件可能已写入,但未收到答复",
            what=what,
        )
        hint = text("look for the file in its folder", "请查看目标文件夹")
        return OutcomeUnknown(self._about(message), hint=hint, vendor_code=code, vendor_text=words)

    # -- small things ------------------------------------------------------------------------------

    async def _sample(self, rule: ResourceRule) -> dict[str, str]:
        """Return source names and what stands there in the first record of some file."""
        for folder in (rule.folder, rule.archive):
            if folder is None:
                continue
            try:
                entries = await self._store.list(folder)
            except Fault as fault:
                if fault.kind != "missing":
                    raise
                continue
            for entry in entries[-3:]:
                with _here() as content:
                    await self._store.fetch(joined(folder, entry.name), content)
                    content.seek(0)
                    try:
                        raw = next(iter(records(content, rule.shape)), None)
                    except Unreadable:
                        continue
                    if raw is not None:
                        return {name: str(value)[:_SAMPLE_MAX] for name, value in raw.values.items()}
        return {}

    def _resource(self, name: str) -> ResourceRule:
        return declared(self._manifest.resources, self._connection.system, "resource", name)

    def _operation(self, name: str) -> OperationRule:
        return declared(self._manifest.operations, self._connection.system, "operation", name)

    def _unknown(self, kind: str, name: str) -> ConnectorError:
        message = text("has no {kind} {name}", "没有 {kind} {name}", kind=kind, name=name)
        return Invalid(self._about(message), code=f"{kind}_unknown")

    def _about(self, message: Text) -> Text:
        return text(
            "{system} {en}",
            "{system}:{zh}",
            system=self._connection.system,
            en=message.in_language("en"),
            zh=message.in_language("zh"),
        )


def store_of(manifest: FilesManifest, connection: Connection) -> FileStore:
    """Return the make that a manifest asks for.

    Raises:
        ConfigError: The connection's settings do not fit.
    """
    given = connection.settings
    wrong = [] if str(given.get("host_key", "SHA256:")).startswith("SHA256:") else ["host_key"]
    wrong += [] if given.get("address", "path") in ("path", "host") else ["address"]
    if manifest.store == "s3" and not str(given.get("endpoint", "")).startswith(("https://", "http://")):
        wrong.append("endpoint")
    settings = checked_settings(
        connection, manifest.settings, defaults={"port": 22, "root": "."}, wrong=wrong
    )
    if manifest.store == "folder":
        return FolderStore(str(settings["root"]), connection.nonce)
    if manifest.store == "s3":
        return _bucket(manifest, connection, settings)
    # Only a hub that has such a server loads the library.
    from lineshaft.connectors.files.sftp import Login, SftpStore

    def login() -> Login:
        secrets = {key: connection.secret(name) for key, name in manifest.auth.items()}
        return Login(
            str(settings["host"]), int(settings["port"]), str(settings["host_key"]), secrets["user"],
            secrets.get("password"), secrets.get("private_key"), manifest.connect_timeout_s,
        )  # fmt: skip

    return SftpStore(str(settings["root"]), login, connection.nonce)


def _bucket(manifest: FilesManifest, connection: Connection, settings: Mapping[str, Any]) -> FileStore:
    def bucket() -> Bucket:
        secrets = {key: connection.secret(name) for key, name in manifest.auth.items()}
        keys = Keys(secrets["access_key"], secrets["secret_key"], secrets.get("session_token"))
        return Bucket(
            str(settings["endpoint"]), str(settings.get("region") or "us-east-1"), str(settings["bucket"]),
            keys, manifest.connect_timeout_s, settings.get("address") == "host",
        )  # fmt: skip

    return S3Store(str(settings["root"]), bucket, connection.clock.now)


def _described(spec: ResourceSpec, rule: ResourceRule, sample: Mapping[str, str]) -> ResourceSpec:
    """Return a resource with samples, and the headings of a file as what the other side sends now."""
    fields = [
        FieldSpec(one.name, one.type, None, one.required, sample.get(one.source, "")) for one in rule.columns
    ]
    known = {one.source: one for one in rule.columns}
    fields += [FieldSpec(name, "string", sample=value) for name, value in sample.items() if name not in known]
    # A heading stands in every file; a field of JSON or XML may be left out where it is empty.
    guessed = not sample or rule.shape.shape not in ("csv", "xlsx")
    live = tuple(
        FieldSpec(name, known[name].type if name in known else "string", required=guessed) for name in sample
    )
    return replace(spec, fields=tuple(fields), live=live, guessed=guessed)


def _here() -> BinaryIO:
    """Return a file of this machine that is gone when it is closed."""
    return cast(BinaryIO, tempfile.SpooledTemporaryFile(4_000_000))


def _good(name: Text) -> CheckStep:
    return CheckStep(name, True, Text("ok", "正常"))
