"""The key: what could name a person is sealed with it, and known only by its keyed hash."""

from __future__ import annotations

import base64
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = 12
"""Bytes of an AES-GCM nonce (NIST SP 800-38D, 8.2)."""
SHORTEST_KEY = 16


class WrongKey(Exception):  # noqa: N818
    """Something was sealed with another key."""


class Vault:
    """Seals and opens bodies and addresses (AES-256-GCM), and fingerprints addresses (HMAC-SHA256).

    One master key gives every key (HKDF), so that a fingerprint tells nothing of the sealing key.
    """

    __slots__ = ("_cipher", "_hash_key", "_token_key")

    def __init__(self, key: bytes) -> None:
        """Derive the keys from the master key; raises `ValueError` if it is under 16 bytes."""
        if len(key) < SHORTEST_KEY:
            raise ValueError(f"The secret key is too short: it needs {SHORTEST_KEY} bytes or more.")
        self._cipher = AESGCM(_derive(key, b"usegap seal"))
        self._hash_key = _derive(key, b"usegap fingerprint")
        self._token_key = _derive(key, b"usegap token")

    def seal(self, plain: bytes) -> bytes:
        """Encrypt with a fresh nonce."""
        nonce = os.urandom(NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, None)

    def open(self, sealed: bytes) -> bytes:
        """Decrypt; raises `WrongKey` if it was not sealed with this key."""
        try:
            return self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], None)
        except (InvalidTag, ValueError):
            raise WrongKey(
                "The secret key does not fit this database: it was made with another one."
            ) from None

    def fits(self, sealed: bytes) -> bool:
        """Whether something was sealed with this key."""
        try:
            self.open(sealed)
        except WrongKey:
            return False
        return True

    def fingerprint(self, text: str) -> str:
        """The keyed hash of an address, as hexadecimal digits: what a lane is named by."""
        return keyed_hash(self._hash_key, text)

    def token(self, purpose: str) -> str:
        """A secret to share with someone for one purpose: 43 of the signs A-Z a-z 0-9 _ -.

        The same from every program with this key, and of no use for anything else.
        """
        derived = _derive(self._token_key, purpose.encode())
        return base64.urlsafe_b64encode(derived).rstrip(b"=").decode()

    @property
    def hash_key(self) -> bytes:
        """What `fingerprint` hashes with: to be sealed, and kept when the key changes."""
        return self._hash_key


def keyed_hash(key: bytes, text: str) -> str:
    """HMAC-SHA256 of a text, as hexadecimal digits."""
    return hmac.digest(key, text.encode(), "sha256").hex()


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=purpose).derive(key)
