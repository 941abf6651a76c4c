"""Sealing: nothing readable comes out, nothing changed goes in."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.store.vault import Vault, WrongKey

KEY = b"0123456789abcdef0123456789abcdef"


@given(st.binary(max_size=300))
def test_what_is_sealed_opens_and_is_never_sealed_alike(plain):
    vault = Vault(KEY)
    sealed = vault.seal(plain)
    assert vault.open(sealed) == Vault(KEY).open(sealed) == plain
    assert vault.seal(plain) != sealed
    assert len(plain) < 4 or plain not in sealed


@given(st.binary(max_size=60), st.data())
def test_any_changed_bit_and_any_other_key_is_noticed(plain, data):
    sealed = bytearray(Vault(KEY).seal(plain))
    with pytest.raises(WrongKey):
        Vault(KEY[::-1]).open(bytes(sealed))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(WrongKey):
        Vault(KEY).open(bytes(sealed))
    with pytest.raises(WrongKey):
        Vault(KEY).open(bytes(sealed[: data.draw(st.integers(0, 12))]))


def test_a_fingerprint_depends_on_the_key_and_is_the_same_tomorrow():
    one, two = Vault(KEY), Vault(KEY[::-1])
    assert one.fingerprint("telegram:1") == Vault(KEY).fingerprint("telegram:1")
    assert one.fingerprint("telegram:1") != one.fingerprint("telegram:2")
    assert one.fingerprint("telegram:1") != two.fingerprint("telegram:1")
    assert len(one.fingerprint("telegram:1")) == 64


def test_a_token_is_for_one_purpose_and_fits_into_a_header():
    one, same, other = Vault(b"k" * 32), Vault(b"k" * 32), Vault(b"l" * 32)
    assert one.token("webhook") == same.token("webhook")
    assert len({one.token("webhook"), one.token("invite"), other.token("webhook")}) == 3
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", one.token("webhook"))


def test_a_short_key_is_refused():
    with pytest.raises(ValueError, match="too short"):
        Vault(b"secret")
