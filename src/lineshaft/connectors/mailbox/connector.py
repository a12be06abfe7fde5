"""A manifest of kind ``mailbox`` at work: the sdk's ``Connector`` over IMAP.

A folder is only looked at: whether a message is new is known by the cursor, the folder's number
(UIDVALIDITY) and the greatest number (UID) taken, never by what people have read. Where a server numbers a
folder anew it is read again from its beginning, under ids that come from the messages themselves, so the hub
knows them.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

import msgspec

from lineshaft.base.errors import (
    ConnectorError,
    ExpressionError,
    Invalid,
    NotFound,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from lineshaft.base.text import Text, text
from lineshaft.connectors.mailbox.messages import attachment, identity_of, record_of
from lineshaft.connectors.mailbox.model import FolderRule, MailboxManifest, OperationRule
from lineshaft.connectors.mailbox.reader import MODES
from lineshaft.connectors.mailbox.wire import Gone, Imap, No, folder_name
from lineshaft.sdk.connector import CallContext
from lineshaft.sdk.items import write_each
from lineshaft.sdk.outcomes import Change, ChangePage, CheckStep, ItemOutcome, Outcome
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.secret_names import without_secrets
from lineshaft.sdk.settings import checked_settings
from lineshaft.sdk.spec import ConnectorSpec, ResourceSpec
from lineshaft.sdk.undeclared import declared, undeclared

_READ_TIMEOUT_S: Final = 60.0
_PIECE: Final = 256 * 1024
_FOUND_MAX: Final = 50
_POLL_S: Final = 30.0
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_NOT_NOW: Final = ("UNAVAILABLE", "INUSE", "SERVERBUG", "LIMIT", "CONTACTADMIN")
_WRONG: Final = ("NONEXISTENT", "TRYCREATE", "NOPERM", "CANNOT", "CLIENTBUG", "PARSE", "BADCHARSET")
_HEADS: Final = {
    "from": "FROM", "to": "TO", "subject": "SUBJECT", "text": "TEXT", "message_id": "HEADER Message-ID",
}  # fmt: skip


class MailboxConnector:
    """One connected mailbox."""

    def __init__(self, manifest: MailboxManifest, connection: Connection) -> None:
        self._manifest = manifest
        self._connection = connection
        self._settings = settings_of(manifest, connection)
        self._gate = asyncio.Semaphore(manifest.spec.concurrency_max)
        self._free: list[Imap] = []

    @property
    def spec(self) -> ConnectorSpec:
        """The manifest's declaration."""
        return self._manifest.spec

    async def open(self) -> None:
        """Nothing is connected yet."""

    async def close(self) -> None:
        """Log out of every line."""
        lines, self._free = self._free, []
        for line in lines:
            await line.close()

    async def check(self) -> list[CheckStep]:
        """Reach the server (and its certificate), log in, open every folder."""
        reach, login = Text("Reach", "连通"), Text("Log in", "登录")
        steps: list[CheckStep] = []
        name = reach
        try:
            async with self._line("check") as line:
                steps = [_good(reach), _good(login)]
                for rule in self._manifest.resources.values():
                    name = text("Folder {name}", "文件夹 {name}", name=rule.folder)
                    await line.select(rule.folder, writes=False)
                    steps.append(_good(name))
        except ConnectorError as error:
            if not steps and error.code == "wrong_credentials":
                return [_good(reach), CheckStep(login, False, error.message)]
            return [*steps, CheckStep(name, False, error.message)]
        return steps

    async def describe(self) -> list[ResourceSpec]:
        """A message has the same fields everywhere."""
        return list(self.spec.resources)

    async def read(self, resource: str, record_id: str) -> Mapping[str, Any] | None:
        """Return one message by its id; ``None``: it is not in its folder any more."""
        rule = self._resource(resource)
        validity, uid, _ = _numbers(record_id)
        async with self._line(f"{resource}.read") as line:
            await line.select(rule.folder, writes=False)
            if line.validity != validity:
                return None
            found = await self._messages(line, rule, [uid])
        return found[0][1] if found else None

    async def changes(self, resource: str, cursor: bytes | None) -> ChangePage:
        """Return the next messages of a folder."""
        rule = self._resource(resource)
        async with self._line(f"{resource}.changes") as line:
            return await self._page(line, rule, cursor)

    async def listen(self, resource: str, cursor: bytes | None) -> AsyncIterator[ChangePage]:
        """Yield messages as they come (IDLE, RFC 2177); a server without it is asked every half minute."""
        rule = self._resource(resource)
        what = f"{resource}.listen"
        try:
            line = await self._new()
        except (Gone, No, OSError, TimeoutError) as error:
            raise self._judged(error, what, sent=False) from None
        try:
            while True:
                page = await self._page(line, rule, cursor)
                if page.changes or page.cursor != cursor:
                    yield page
                cursor = page.cursor
                if page.more:
                    continue
                if "IDLE" in line.capabilities:
                    await line.idle(rule.idle_s)
                else:
                    await asyncio.sleep(_POLL_S)
        except (Gone, No, OSError, TimeoutError) as error:
            raise self._judged(error, what, sent=False) from None
        finally:
            await line.cut()

    async def upload(
        self,
        operation: str,
        payload: Mapping[str, Any],
        context: CallContext,
        stream: Callable[[], AsyncIterator[bytes]],
    ) -> Outcome:
        """Nothing is written into a mailbox; raises ``Invalid``."""
        raise self._unknown("upload", operation)

    async def download(self, resource: str, record_id: str) -> AsyncIterator[bytes]:
        """Yield a message piece by piece (``FOLDER/NUMBER``), or an attachment (``FOLDER/NUMBER/1``)."""
        rule = self._resource(resource)
        validity, uid, number = _numbers(record_id)
        async with self._line(f"{resource}.download") as line:
            await line.select(rule.folder, writes=False)
            if line.validity != validity or not await line.search(f"UID {uid}"):
                raise NotFound(text("There is no message {name}", "没有邮件 {name}", name=record_id))
            if not number:
                async for piece in line.pieces(uid, _PIECE):
                    yield piece
                return
            content = attachment(await self._whole(line, uid), number)
            if content is None:
                raise NotFound(text("There is no attachment {name}", "没有附件 {name}", name=record_id))
            yield content

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        """Carry out an operation once."""
        rule = self._manifest.operations.get(operation)
        if rule is None:
            raise self._unknown("operation", operation)
        folder = self._resource(rule.resource)
        names = {"payload": payload, "key": context.key}
        try:
            identity = rule.id.words(names) if rule.id is not None else ""
            to = rule.to.words(names) if rule.to is not None else ""
            where = {name: value.value(names) for name, value in (rule.where or {}).items()}
        except ExpressionError as error:
            raise Invalid(error.message, code="request_incomplete", hint=error.hint) from error
        timeout_s = min(context.timeout_s, rule.timeout_s)
        if rule.action == "find":
            async with self._line(operation, timeout_s) as line:
                return await self._found(line, folder, where)
        validity, uid, _ = _numbers(identity)
        sent = _Sent(context.sending)
        async with self._line(operation, timeout_s, sent) as line:
            await line.select(folder.folder, writes=True)
            if line.validity != validity:
                raise Invalid(
                    text(
                        "{folder} was numbered anew: {id} is not known any more",
                        "文件夹 {folder} 已重新编号,{id} 已失效",
                        folder=folder.folder,
                        id=identity,
                    ),
                    code="message_unknown",
                    hint=text("look for it by its Message-ID", "请按 Message-ID 查找"),
                )
            if not await line.search(f"UID {uid}"):
                # Moved away before, by us or by somebody else: it is not here, as was wanted.
                return Outcome({"id": identity}, identity, repeated=True)
            sent()
            await self._carry_out(line, rule, uid, to)
        return Outcome({"id": identity}, identity)

    async def probe(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome | None:
        """Every write can be done again; raises ``Invalid``."""
        raise self._unknown("probe", operation)

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        """Carry out an operation for each item, one after another; item *n* has the key ``key/n``."""
        return await write_each(partial(self.call, operation), items, context)

    # -- messages ---------------------------------------------------------------------------------

    async def _page(self, line: Imap, rule: FolderRule, cursor: bytes | None) -> ChangePage:
        await line.select(rule.folder, writes=False)
        if cursor is None and rule.from_now:
            return ChangePage((), _cursor(line.validity, max(0, line.next_uid - 1)))
        validity, last = _position(cursor) if cursor is not None else (line.validity, 0)
        if validity != line.validity:
            last = 0
        # ``n:*`` is never empty: where nothing is new it means the last message.
        uids = [uid for uid in await line.search(f"UNDELETED UID {last + 1}:*") if uid > last]
        page, more = uids[: rule.page], len(uids) > rule.page
        changes = []
        for raw, record in await self._messages(line, rule, page):
            names = {"item": record}
            try:
                if rule.when is not None and rule.when.value(names) is not True:
                    continue
                identity = f"{rule.name}/{identity_of(raw, record['size'])}"
                kind, subject = rule.type.words(names), rule.subject.words(names) or str(record["id"])
            except ExpressionError as error:
                raise Invalid(error.message, code="records_unreadable", hint=error.hint) from error
            changes.append(Change(identity, kind, subject, record, record["received_at"]))
        following = page[-1] if page else max(last, line.next_uid - 1) if not uids else last
        return ChangePage(tuple(changes), _cursor(line.validity, following), more)

    async def _messages(
        self, line: Imap, rule: FolderRule, uids: Sequence[int]
    ) -> list[tuple[bytes, dict[str, Any]]]:
        """Return bytes and record of each message; what is too large has its headers alone."""
        facts = await line.fetch(uids, "UID INTERNALDATE RFC822.SIZE")
        found = []
        for uid in uids:
            if uid not in facts:
                continue
            size = int(facts[uid]["RFC822.SIZE"])
            large = size > rule.bytes_max
            raw = await self._whole(line, uid, "HEADER" if large else "")
            record = record_of(
                raw, f"{line.validity}/{uid}", facts[uid]["INTERNALDATE"].decode(), size,
                inline_max=rule.inline_max,
            )  # fmt: skip
            if large:
                record |= {"text": "", "html": "", "attachments": [], "too_large": True}
            found.append((raw, record))
        return found

    async def _whole(self, line: Imap, uid: int, section: str = "") -> bytes:
        items = (await line.fetch([uid], f"UID BODY.PEEK[{section}]")).get(uid, {})
        found = items.get(f"BODY[{section}]", b"")
        return found if isinstance(found, bytes) else b""

    async def _found(self, line: Imap, rule: FolderRule, where: Mapping[str, Any]) -> Outcome:
        await line.select(rule.folder, writes=False)
        given = [(name, str(value)) for name, value in where.items() if value not in (None, "")]
        if not given:
            raise Invalid(text("nothing to look for", "缺少查找条件"), code="request_incomplete")
        # Values are literals, which stand at the end of a part: one search each, and what all have.
        uids: set[int] | None = None
        for name, value in given:
            charset = "" if value.isascii() else "CHARSET UTF-8 "
            hits = set(await line.search(charset + _HEADS[name], value.encode()))
            uids = hits if uids is None else uids & hits
        newest = sorted(uids or ())[-_FOUND_MAX:]
        records = [record for _, record in await self._messages(line, rule, newest)]
        return Outcome({"found": bool(records), "count": len(uids or ()), "records": records})

    async def _carry_out(self, line: Imap, rule: OperationRule, uid: int, to: str) -> None:
        if rule.action == "flag":
            sign = "-" if rule.off else "+"
            await line.command(f"UID STORE {uid} {sign}FLAGS.SILENT ({' '.join(rule.flags)})")
            return
        if "MOVE" in line.capabilities:
            await line.command(f"UID MOVE {uid}", folder_name(to))
            return
        await line.command(f"UID COPY {uid}", folder_name(to))
        await line.command(f"UID STORE {uid} +FLAGS.SILENT (\\Deleted)")
        if "UIDPLUS" in line.capabilities:
            await line.command(f"UID EXPUNGE {uid}")

    # -- the frame of all work --------------------------------------------------------------------

    @asynccontextmanager
    async def _line(
        self, what: str, timeout_s: float = _READ_TIMEOUT_S, sent: _Sent | None = None
    ) -> AsyncIterator[Imap]:
        """Give a line; turn what goes wrong on it into the class that decides what follows."""
        announced = sent if sent is not None else _Sent(lambda: None)
        async with self._gate:
            line: Imap | None = None
            whole = False
            try:
                async with asyncio.timeout(timeout_s):
                    line = await self._next()
                    yield line
                    whole = True
            except No as error:
                whole = line is not None
                raise self._judged(error, what, sent=announced.done) from None
            except (Gone, OSError, TimeoutError) as error:
                raise self._judged(error, what, sent=announced.done) from None
            except (Invalid, NotFound):
                whole = True
                raise
            finally:
                if line is not None and whole:
                    self._free.append(line)
                elif line is not None:
                    await line.cut()

    async def _next(self) -> Imap:
        while self._free:
            line = self._free.pop()
            if not line.broken:
                try:
                    await line.command("NOOP")
                except (Gone, No):
                    await line.cut()
                    continue
                return line
            await line.cut()
        return await self._new()

    async def _new(self) -> Imap:
        settings = self._settings
        host = str(settings["host"])
        mode = str(settings.get("tls") or ("off" if host in _LOOPBACK else "implicit"))
        context = None
        if mode != "off":
            context = ssl.create_default_context(cafile=settings.get("ca_file") or None)
        port = int(settings.get("port") or (993 if mode == "implicit" else 143))
        try:
            async with asyncio.timeout(self._manifest.connect_timeout_s):
                line = await Imap.connect(host, port, context, starttls=mode == "starttls")
        except (OSError, Gone, No, TimeoutError) as error:
            raise self._unreached(type(error).__name__) from None
        secret, manifest = self._connection.secret, self._manifest
        token = manifest.token_secret
        try:
            async with asyncio.timeout(self._manifest.connect_timeout_s):
                shown = secret(token or manifest.password_secret or "")
                await line.login(secret(manifest.user_secret), shown, token=token is not None)
        except No as error:
            await line.cut()
            if any(f"[{word}]" in error.words.upper() for word in _NOT_NOW):
                raise self._judged(error, "login", sent=False) from None
            raise Unavailable(
                self._about(Text("does not accept the credentials", "不接受当前凭据")),
                code="wrong_credentials",
                vendor_text=self._redacted(error.words),
            ) from None
        except BaseException:
            await line.cut()
            raise
        return line

    # -- words ------------------------------------------------------------------------------------

    def _judged(self, error: Exception, what: str, *, sent: bool) -> ConnectorError:
        if isinstance(error, No):
            words = self._redacted(error.words)
            message = self._about(text("{what}: {words}", "{what}:{words}", what=what, words=words))
            code = words.partition("]")[0].removeprefix("[").partition(" ")[0] if words[:1] == "[" else None
            kind: type[ConnectorError] = Refused if sent else Invalid
            if error.bad or code in _WRONG:
                kind = Invalid
            elif code in _NOT_NOW:
                kind = Unavailable
            return kind(message, vendor_code=code or ("BAD" if error.bad else "NO"), vendor_text=words)
        if sent:
            return OutcomeUnknown(
                self._about(
                    text("took {what}, but its answer is lost", "已接收 {what},但未收到答复", what=what)
                )
            )
        return Unavailable(
            self._about(text("the connection broke during {what}", "执行 {what} 时连接中断", what=what)),
            code="connection_lost",
        )

    def _unreached(self, why: str) -> Unavailable:
        return Unavailable(
            self._about(text("cannot be reached: {why}", "无法连接:{why}", why=why)), code="unreachable"
        )

    def _redacted(self, words: str) -> str:
        return without_secrets(words, self._manifest.secrets, self._connection.secret)[:500]

    def _about(self, message: Text) -> Text:
        return text(
            "{system}: {en}",
            "{system}:{zh}",
            system=self._connection.system,
            en=message.in_language("en"),
            zh=message.in_language("zh"),
        )

    def _resource(self, name: str) -> FolderRule:
        return declared(self._manifest.resources, self._connection.system, "resource", name)

    def _unknown(self, kind: str, name: str) -> ConnectorError:
        return undeclared(self._connection.system, kind, name)


class _Sent:
    """Announces a write once, and remembers it."""

    def __init__(self, sending: Callable[[], None]) -> None:
        self._sending = sending
        self.done = False

    def __call__(self) -> None:
        self._sending()
        self.done = True


def settings_of(manifest: MailboxManifest, connection: Connection) -> dict[str, Any]:
    """Return the connection's settings.

    Raises:
        ConfigError: A required setting is missing, one is not known, or a password would go in the clear.
    """
    tls = connection.settings.get("tls")
    wrong = []
    if tls not in (None, "", *MODES):
        wrong.append(f"tls: {tls}")
    if tls == "off" and connection.settings.get("host") not in _LOOPBACK:
        wrong.append("tls: off (a password does not go over the network in the clear 密码不得明文传输)")
    return checked_settings(connection, manifest.settings, wrong=wrong)


def _cursor(validity: int, uid: int) -> bytes:
    return msgspec.json.encode({"v": 1, "validity": validity, "uid": uid})


def _position(cursor: bytes) -> tuple[int, int]:
    try:
        raw = msgspec.json.decode(cursor)
        if raw["v"] != 1:
            raise KeyError("v")
        return int(raw["validity"]), int(raw["uid"])
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        raise Invalid(
            text("Expected a cursor of the mailbox connector", "游标不是邮箱连接器的格式"),
            code="cursor_unreadable",
        ) from error


def _numbers(identity: str) -> tuple[int, int, int]:
    """Return folder's number, message's number and attachment's number (0: none) of an id."""
    parts = identity.split("/")
    if len(parts) not in (2, 3) or not all(part.isdigit() for part in parts):
        raise Invalid(
            text(
                "Expected the id of a message as events tell it, but it is {id}",
                "应为事件中的邮件编号,实际为 {id}",
                id=identity[:60],
            ),
            code="message_unknown",
        )
    return int(parts[0]), int(parts[1]), int(parts[2]) if len(parts) == 3 else 0


def _good(name: Text) -> CheckStep:
    return CheckStep(name, True, Text("ok", "正常"))
