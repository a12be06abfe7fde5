"""What a failed exchange is called, and what to do about it: of our own lines and of aiohttp's sessions."""

from __future__ import annotations

from typing import Final

import aiohttp

from lineshaft.base.text import Text, text
from lineshaft.connectors.http.line import Broken, TooLarge
from lineshaft.connectors.http.pool import NotConnected

FAILURES: Final = (aiohttp.ClientError, TimeoutError, OSError, ValueError)
"""All that an exchange may end with, besides an answer and a refusal to send."""

_CERTIFICATE: Final = text(
    "its certificate is not trusted by this machine: put your firm's authority (PEM) under the "
    "setting ca_file, or correct the host name in base_url",
    "本机不信任其证书:将企业根证书(PEM)写入设置 ca_file,或更正 base_url 中的主机名",
)
_TLS: Final = text(
    "does base_url need http:// instead of https://?", "base_url 是否应为 http:// 而非 https://?"
)
_NAME: Final = text("check the host name in base_url", "请核对 base_url 中的主机名")
_ADDRESS: Final = text(
    "check host and port in base_url; is the system running, and does a firewall stand between?",
    "请核对 base_url 的主机与端口;系统是否在运行?是否被防火墙阻断?",
)


def remedy_of(error: Exception) -> Text | None:
    """Return what to do about a failure of the connection itself."""
    if isinstance(error, NotConnected):
        return {"name": _NAME, "certificate": _CERTIFICATE, "tls": _TLS, "address": _ADDRESS}[error.kind]
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _CERTIFICATE
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return _TLS
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _NAME
    if isinstance(error, aiohttp.ClientConnectorError):
        return _ADDRESS
    return None


def cause_of(error: Exception) -> str:
    """Return a failure in a few words, without anything of the request."""
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, NotConnected):
        return error.reason
    if isinstance(error, TooLarge):
        return str(error)
    if isinstance(error, Broken):
        return "connection lost" if "connection" in str(error) else str(error)
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return f"TLS: {error.__class__.__name__}"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "host name not found"
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error.strerror or "connection refused"
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionResetError | BrokenPipeError):
        return "connection lost"
    return error.__class__.__name__
