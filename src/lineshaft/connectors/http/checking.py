"""The connection test: name, connection, encryption, login, read, right to write, version, fields, clock.

It changes nothing in the target. The first step that fails is the last; each says what came and what to do.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from lineshaft.base.errors import ConfigError, ConnectorError, ExpressionError, HubError
from lineshaft.base.text import Text, text
from lineshaft.connectors.http.calling import Asked, Caller
from lineshaft.connectors.http.contract import differences
from lineshaft.connectors.http.describing import sample_of
from lineshaft.connectors.http.expressions import PathTemplate
from lineshaft.connectors.http.model import CheckRule, Manifest, RequestRule
from lineshaft.connectors.http.transport import Reply
from lineshaft.connectors.http.versions import supports, unsupported_text, version_of
from lineshaft.sdk.outcomes import CheckStep

CLOCK_SKEW_S_MAX: Final = 300
_CONNECT_S: Final = 5.0
_CERTIFICATE_DAYS: Final = 14
_NAME = Text("Host name", "主机名")
_REACH = Text("Connection", "网络连接")
_TLS = Text("Encryption (TLS)", "加密(TLS)")
_LOGIN = Text("Log in", "登录")
_READ = Text("Read", "读取")
_WRITE = Text("Right to write", "写入权限")
_VERSION = Text("Version", "产品版本")
_FIELDS = Text("Fields", "字段")
_CLOCK = Text("Clock", "时钟")


class _Failed(Exception):
    """A step has failed; it stands in the list already."""


class Checker:
    """One test of one connection."""

    def __init__(self, manifest: Manifest, caller: Caller) -> None:
        self._manifest = manifest
        self._caller = caller
        self._steps: list[CheckStep] = []

    async def steps(self) -> list[CheckStep]:
        """Return what was found, step by step."""
        try:
            await self._network()
            reply = await self._read()
            await self._write()
            await self._version()
            await self._fields()
            self._clock(reply)
        except _Failed:
            pass
        return self._steps

    def _good(self, name: Text, detail: Text | None = None) -> None:
        self._steps.append(CheckStep(name, True, detail or text("ok", "正常")))

    def _bad(self, name: Text, message: Text, hint: Text | None = None) -> _Failed:
        shown = message
        if hint is not None:
            shown = Text("{message}: {hint}", "{message}:{hint}", {"message": message, "hint": hint})
        self._steps.append(CheckStep(name, False, shown))
        return _Failed()

    # --- the network -----------------------------------------------------------------------------

    async def _network(self) -> None:
        """Look at name, connection and encryption apart: "it does not work" has three different remedies."""
        if self._caller.transport.security.proxy_url:
            return
        parts = urlsplit(self._caller.transport.base_url)
        host, secure = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        if not _is_address(host):
            await self._resolve(host)
        await self._connect(host, port)
        if secure:
            await self._handshake(host, port)

    async def _resolve(self, host: str) -> None:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError as error:
            raise self._bad(
                _NAME,
                text("{host} is not known to the name servers", "无法解析主机名 {host}", host=host),
                text("check the host name in base_url", "请核对 base_url 中的主机名"),
            ) from error
        self._good(
            _NAME, text("{host} is {address}", "{host} 为 {address}", host=host, address=found[0][4][0])
        )

    async def _connect(self, host: str, port: int) -> None:
        try:
            async with asyncio.timeout(_CONNECT_S):
                _, writer = await asyncio.open_connection(host, port)
            writer.close()
        except (OSError, TimeoutError) as error:
            slow = isinstance(error, TimeoutError)
            cause = text("no answer", "无响应") if slow else text("refused", "被拒绝")
            raise self._bad(
                _REACH,
                text("{host}:{port}: {cause}", "{host}:{port}:{cause}", host=host, port=port, cause=cause),
                text(
                    "check host and port in base_url; does it run, and does a firewall stand between?",
                    "请核对 base_url 的主机与端口;系统是否在运行?是否被防火墙阻断?",
                ),
            ) from error
        self._good(_REACH)

    async def _handshake(self, host: str, port: int) -> None:
        try:
            context = self._caller.transport.security.context()
            async with asyncio.timeout(_CONNECT_S):
                _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
        except ConfigError as error:
            raise self._bad(_TLS, error.message) from error
        except ssl.SSLCertVerificationError as error:
            raise self._bad(
                _TLS,
                text("its certificate is not trusted: {why}", "证书不受信任:{why}", why=error.verify_message),
                text(
                    "put your firm's authority (PEM) under the setting ca_file, or correct the host name",
                    "将企业根证书(PEM)写入设置 ca_file,或更正主机名",
                ),
            ) from error
        except (OSError, TimeoutError, ssl.SSLError) as error:
            raise self._bad(
                _TLS,
                text("no encrypted connection comes about", "无法建立加密连接"),
                text(
                    "does base_url need http:// instead of https://?",
                    "base_url 是否应为 http:// 而非 https://?",
                ),
            ) from error
        tls = writer.get_extra_info("ssl_object")
        version, ends = tls.version(), _ends_at(tls)
        writer.close()
        left = (ends - self._caller.clock.now()).days if ends is not None else None
        shown = text(
            "{version}, certificate until {ends}", "{version},证书有效期至 {ends}", version=version, ends=ends
        )
        if left is not None and left < _CERTIFICATE_DAYS:
            shown = text(
                "{version}, but its certificate ends in {left} days",
                "{version},但证书将在 {left} 天后到期",
                version=version,
                left=left,
            )
        self._good(_TLS, shown)

    # --- the application -------------------------------------------------------------------------

    async def _read(self) -> Reply | None:
        caller = self._caller
        try:
            session = await caller.auth.ready(caller.settings)
        except ConnectorError as error:
            raise self._bad(_LOGIN, error.message, error.hint) from error
        except HubError as error:
            raise self._bad(_LOGIN, error.message, error.hint) from error
        rule = self._manifest.check
        if rule is None:
            return await self._touch(session)
        try:
            _, reply = await caller.judged(rule.request, rule.answers, {}, Asked("check", True))
        except ConnectorError as error:
            if error.code == "wrong_credentials":
                raise self._bad(_LOGIN, error.message, error.hint) from error
            self._good(_LOGIN)
            raise self._bad(_READ, error.message, error.hint) from error
        except HubError as error:
            raise self._bad(_LOGIN, error.message, error.hint) from error
        self._good(_LOGIN)
        self._good(_READ)
        return reply

    async def _touch(self, session: object) -> Reply | None:
        """Without a declared request only the address itself can be asked."""
        request = RequestRule("GET", PathTemplate(("/",)))
        try:
            _, reply = await self._caller.send(request, self._caller.names(), Asked("check", True))
        except HubError as error:
            raise self._bad(_READ, error.message, error.hint) from error
        if reply.status == 401:
            raise self._bad(
                _LOGIN,
                text("status 401", "状态 401"),
                text("check the connection's credentials", "请检查连接的凭据"),
            )
        self._good(_LOGIN, None if session else text("not asked for", "未要求"))
        self._good(
            _READ,
            text(
                "not tested: the manifest names no `check` request",
                "未测试:清单未写 `check` 请求",
            ),
        )
        return reply

    async def _write(self) -> None:
        rule = self._manifest.check
        if rule is None or rule.write is None:
            if self._manifest.operations:
                shown = text(
                    "not tested: the manifest names no `check.write`", "未测试:清单未写 `check.write`"
                )
                self._good(_WRITE, shown)
            return
        try:
            await self._asked(rule)
        except HubError as error:
            raise self._bad(
                _WRITE, error.message, error.hint or text("the account may not write", "该账号无写入权限")
            ) from error
        self._good(_WRITE)

    async def _asked(self, rule: CheckRule) -> None:
        assert rule.write is not None
        await self._caller.judged(rule.write, rule.write_answers, {}, Asked("check.write", True))

    async def _version(self) -> None:
        product = self._manifest.product
        if product is None:
            return
        if product.request is None:
            shown = text("{name} {versions}, not asked", "{name} {versions},未查询",
                         name=product.name, versions=", ".join(product.versions))  # fmt: skip
            self._good(_VERSION, shown)
            return
        try:
            version = await version_of(product, self._caller)
        except (ConnectorError, ExpressionError) as error:
            raise self._bad(_VERSION, error.message, error.hint) from error
        if not supports(product, version):
            raise self._bad(
                _VERSION,
                unsupported_text(product, self._caller.system, version),
                text(
                    "test the manifest with this version, then add it to product.versions",
                    "用该版本测试清单后,加入 product.versions",
                ),
            )
        self._good(_VERSION, text("{name} {version}", "{name} {version}", name=product.name, version=version))

    async def _fields(self) -> None:
        """Compare a record with the declared fields of each strict resource."""
        for rule in self._manifest.resources.values():
            if not rule.strict:
                continue
            try:
                records = await sample_of(rule, self._caller)
            except HubError as error:
                raise self._bad(_FIELDS, error.message, error.hint) from error
            found = list(differences(rule.fields, records[0])) if records else []
            if found:
                raise self._bad(
                    _FIELDS,
                    text(
                        "{resource}: {fields}",
                        "{resource}:{fields}",
                        resource=rule.name,
                        fields="; ".join(str(each) for each in found),
                    ),
                    text(
                        "the application has changed: compare with `fields` of the manifest",
                        "应用已变化:请与清单的 `fields` 比较",
                    ),
                )
            self._good(_FIELDS, text("{resource} as declared", "{resource} 与声明一致", resource=rule.name))

    def _clock(self, reply: Reply | None) -> None:
        if reply is None or "date" not in reply.headers:
            return
        try:
            at = parsedate_to_datetime(reply.headers["date"])
        except ValueError:
            return
        skew = (at - self._caller.clock.now()).total_seconds()
        shown = text("{skew} s apart", "相差 {skew} 秒", skew=int(skew))
        if abs(skew) > CLOCK_SKEW_S_MAX:
            raise self._bad(
                _CLOCK, shown, text("set the clocks of both machines (NTP)", "请校准两边时钟(NTP)")
            )
        self._good(_CLOCK, shown)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _ends_at(tls: ssl.SSLObject) -> datetime | None:
    certificate = tls.getpeercert() or {}
    ends = certificate.get("notAfter")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if isinstance(ends, str) else None
