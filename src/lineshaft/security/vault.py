"""Secrets at rest: envelope encryption with AES-256-GCM.

Each value is sealed with a data key of its own; the data key is sealed with a master key, which comes from
the environment or a file and never lies beside the data. To rotate, put a new master key before the old one:
new values are sealed with it, old ones are still read, and ``resealed`` brings them over without opening
them.

    LINESHAFT_MASTER_KEYS = "<newest>,<older>"      each: 32 bytes in base 64

A sealed text is ``v1.<key id>.<sealed data key>.<sealed value>``; what it is for (``purpose``) is bound to
it, so that one sealed value cannot be put in the place of another.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import stat
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lineshaft.base.errors import ConfigError, OperationalError
from lineshaft.base.text import text

VARIABLE: Final = "LINESHAFT_MASTER_KEYS"
FILE: Final = "master.keys"
"""In the data folder, where the environment says nothing; made at the first start."""
_NONCE: Final = 12


class KeyLost(OperationalError):
    """A value was sealed with a master key that this hub has not got."""

    default_code = "master_key_lost"


class SealBroken(OperationalError):
    """A sealed value was changed, or belongs somewhere else."""

    default_code = "seal_broken"


class Vault:
    """Seals and opens with the master keys, the newest first."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != 32 for key in keys):
            raise ConfigError(
                text(
                    "Expected master keys of 32 bytes in base 64, separated by commas.",
                    "主密钥应为以逗号分隔的 32 字节 base64。",
                ),
                code="master_key_invalid",
            )
        self._keys = {_id_of(key): key for key in keys}
        self._newest = _id_of(keys[0])

    @property
    def newest(self) -> str:
        """The id of the key that seals."""
        return self._newest

    def __repr__(self) -> str:
        return f"Vault({', '.join(self._keys)})"

    def seal(self, value: str, purpose: str) -> str:
        """Return a value sealed for one purpose."""
        data_key = secrets.token_bytes(32)
        sealed = _sealed(data_key, value.encode(), purpose)
        return f"v1.{self._newest}.{self._wrapped(data_key, purpose)}.{sealed}"

    def open(self, sealed: str, purpose: str) -> str:
        """Return the value again.

        Raises:
            KeyLost: Its master key is not here.
            SealBroken: It was changed, or sealed for another purpose.
        """
        _, data_key, value = self._data_key(sealed, purpose)
        return _opened(data_key, value, purpose).decode()

    def resealed(self, sealed: str, purpose: str) -> str | None:
        """Return the value under the newest key; ``None`` where it is under it already."""
        key_id, data_key, value = self._data_key(sealed, purpose)
        if key_id == self._newest:
            return None
        return f"v1.{self._newest}.{self._wrapped(data_key, purpose)}.{value}"

    def _wrapped(self, data_key: bytes, purpose: str) -> str:
        return _sealed(self._keys[self._newest], data_key, f"key:{purpose}")

    def _data_key(self, sealed: str, purpose: str) -> tuple[str, bytes, str]:
        parts = sealed.split(".")
        if len(parts) != 4 or parts[0] != "v1":
            raise _broken()
        _, key_id, wrapped, value = parts
        key = self._keys.get(key_id)
        if key is None:
            raise KeyLost(
                text(
                    "Expected the master key {wanted} to read a secret, but this hub has only: {known}.",
                    "读取密钥需要主密钥 {wanted},而本系统只有:{known}。",
                    wanted=key_id,
                    known=", ".join(self._keys),
                ),
                hint=text(
                    "Put the old key behind the new one in {variable}. If it is lost for good, set the "
                    "secret anew: nobody can read it any more.",
                    "请在 {variable} 中把旧密钥写在新密钥之后。若旧密钥已永久丢失,只能重新设置该密钥值。",
                    variable=VARIABLE,
                ),
            )
        return key_id, _opened(key, wrapped, f"key:{purpose}"), value


def _sealed(key: bytes, value: bytes, purpose: str) -> str:
    nonce = secrets.token_bytes(_NONCE)
    return base64.urlsafe_b64encode(nonce + AESGCM(key).encrypt(nonce, value, purpose.encode())).decode()


def _opened(key: bytes, sealed: str, purpose: str) -> bytes:
    try:
        packed = base64.urlsafe_b64decode(sealed)
        return AESGCM(key).decrypt(packed[:_NONCE], packed[_NONCE:], purpose.encode())
    except (InvalidTag, binascii.Error, ValueError) as error:
        raise _broken() from error


def _broken() -> SealBroken:
    return SealBroken(
        text(
            "A sealed secret was changed, or stands in the place of another.",
            "密文已被改动,或被放到了错误的位置。",
        ),
        hint=text("Set the secret anew.", "请重新设置该密钥。"),
    )


def _id_of(key: bytes) -> str:
    return sha256(b"lineshaft master key" + key).hexdigest()[:12]


def new_key() -> str:
    """Return a new master key as it is written down."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def keys_of(words: str) -> list[bytes]:
    """Return the keys that a setting names; raises ``ConfigError``."""
    try:
        return [
            base64.b64decode(each, validate=True)
            for each in words.replace("\n", ",").split(",")
            if each.strip()
        ]
    except (binascii.Error, ValueError) as error:
        # The words are keys: the error must not repeat them.
        raise ConfigError(
            text("Expected master keys in base 64.", "主密钥应为 base64。"), code="master_key_invalid"
        ) from error


def vault_of(environment: Mapping[str, str], data_dir: Path, *, may_make: bool = True) -> Vault:
    """Return the vault: keys from the environment, else from the file in the data folder.

    A new file is made where there is none, so that no hub keeps secrets in the clear for want of a setting;
    whoever keeps the data on another disk than the key gives the key by the environment.
    """
    given = environment.get(VARIABLE)
    if given:
        return Vault(keys_of(given))
    path = data_dir / FILE
    if not path.exists() and may_make:
        data_dir.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(f"{new_key()}\n")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise ConfigError(
            text(
                "Expected that only the owner can read {path}, but its mode is {mode}.",
                "主密钥文件 {path} 只允许所有者读取,当前权限为 {mode}。",
                path=path,
                mode=f"{mode:04o}",
            ),
            code="master_key_open",
            hint=text("chmod 600 {path}", "请执行 chmod 600 {path}", path=path),
        )
    return Vault(keys_of(path.read_text(encoding="ascii").strip()))
