"""The key: what could name a person is sealed with it, and known only by its keyed hash."""

from __future__ import annotations


class Vault:
    """Seals and opens bodies and addresses (AES-256-GCM), and fingerprints addresses (HMAC-SHA256).

    One master key gives both keys (HKDF), so that a fingerprint tells nothing of the sealing key.
    """

    def __init__(self, key: bytes) -> None:
        raise NotImplementedError

    def seal(self, plain: bytes) -> bytes:
        """Encrypt with a fresh nonce."""
        raise NotImplementedError

    def open(self, sealed: bytes) -> bytes:
        """Decrypt; raises `WrongKey` if it was not sealed with this key."""
        raise NotImplementedError

    def fingerprint(self, text: str) -> str:
        """The keyed hash of an address, as hexadecimal digits: what a lane is named by."""
        raise NotImplementedError
