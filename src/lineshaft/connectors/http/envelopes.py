"""The encrypted envelopes of WeCom, DingTalk and Feishu. Pure but for the nonce that is handed in.

WeCom and DingTalk: AES-256-CBC with the key's first 16 bytes as the initial vector, blocks padded to 32 bytes
(PKCS #7), content ``16 random bytes + length (4, big-endian) + message + receiver's id``; the signature is
SHA-1 over token, time stamp, nonce and cipher text, sorted. Feishu: AES-256-CBC, key SHA-256 of the encrypt
key, the initial vector before the cipher text.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK: Final = 32


class BrokenEnvelope(Exception):
    """It cannot be opened: another key, or not an envelope."""


def signature(token: str, timestamp: str, nonce: str, encrypted: str) -> str:
    """Return the signature of WeCom and DingTalk."""
    joined = "".join(sorted((token, timestamp, nonce, encrypted)))
    return hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()


def open_envelope(encrypted: str, aes_key: str) -> tuple[bytes, str]:
    """Return the message and the receiver's id of a WeCom or DingTalk envelope.

    Raises:
        BrokenEnvelope: It cannot be opened with this key.
    """
    key = _key(aes_key)
    plain = _unpadded(_decrypted(encrypted, key, key[:16]), _BLOCK)
    if len(plain) < 20:
        raise BrokenEnvelope("it is too short")
    (length,) = struct.unpack(">I", plain[16:20])
    if 20 + length > len(plain):
        raise BrokenEnvelope("its length is wrong")
    try:
        return plain[20 : 20 + length], plain[20 + length :].decode()
    except UnicodeDecodeError as error:
        raise BrokenEnvelope("its receiver cannot be read") from error


def make_envelope(message: bytes, aes_key: str, receiver: str, nonce: str) -> str:
    """Return a WeCom or DingTalk envelope as base64; its 16 leading bytes come from ``nonce``."""
    key = _key(aes_key)
    random = hashlib.sha256(nonce.encode()).hexdigest()[:16].encode()
    plain = random + struct.pack(">I", len(message)) + message + receiver.encode()
    missing = _BLOCK - len(plain) % _BLOCK
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(
        encryptor.update(plain + bytes([missing]) * missing) + encryptor.finalize()
    ).decode()


def open_feishu(encrypted: str, encrypt_key: str) -> bytes:
    """Return the message of a Feishu envelope.

    Raises:
        BrokenEnvelope: It cannot be opened with this key.
    """
    key = hashlib.sha256(encrypt_key.encode()).digest()
    try:
        raw = base64.b64decode(encrypted, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BrokenEnvelope("it is no base64") from error
    if len(raw) < 32 or len(raw) % 16:
        raise BrokenEnvelope("its length is wrong")
    return _unpadded(_deciphered(raw[16:], key, raw[:16]), 16)


def feishu_signature(timestamp: str, nonce: str, encrypt_key: str, body: bytes) -> str:
    """Return the signature of a Feishu delivery."""
    return hashlib.sha256(f"{timestamp}{nonce}{encrypt_key}".encode() + body).hexdigest()


def _key(aes_key: str) -> bytes:
    try:
        key = base64.b64decode(aes_key + "=" * (-len(aes_key) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BrokenEnvelope("the AES key is no base64 of 43 characters") from error
    if len(key) != 32:
        raise BrokenEnvelope("the AES key has not 43 characters")
    return key


def _decrypted(encrypted: str, key: bytes, vector: bytes) -> bytes:
    try:
        raw = base64.b64decode(encrypted, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BrokenEnvelope("it is no base64") from error
    if not raw or len(raw) % 16:
        raise BrokenEnvelope("its length is wrong")
    return _deciphered(raw, key, vector)


def _deciphered(raw: bytes, key: bytes, vector: bytes) -> bytes:
    decryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
    return decryptor.update(raw) + decryptor.finalize()


def _unpadded(plain: bytes, block: int) -> bytes:
    count = plain[-1] if plain else 0
    if not 1 <= count <= block or plain[-count:] != bytes([count]) * count:
        raise BrokenEnvelope("another key, or it was damaged")
    return plain[:-count]
