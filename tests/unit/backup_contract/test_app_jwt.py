"""A GitHub App's signature is the one that any other RSA makes, and a bad key is named as such."""

import base64
import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from backup_contract.app_jwt import PrivateKey, PrivateKeyError, app_token

KEY = rsa.generate_private_key(65537, 2048)
NOW = datetime(2026, 11, 27, 17, tzinfo=UTC)
_FORMATS = serialization.PrivateFormat


def pem(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = KEY,
    form: serialization.PrivateFormat = _FORMATS.TraditionalOpenSSL,
    passphrase: bytes = b"",
) -> str:
    protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        protection = serialization.BestAvailableEncryption(passphrase)
    return key.private_bytes(serialization.Encoding.PEM, form, protection).decode()


@settings(max_examples=15, deadline=None)
@given(st.binary(max_size=300))
def test_a_signature_is_bit_for_bit_that_of_openssl(message: bytes) -> None:
    ours = PrivateKey.from_pem(pem()).sign(message)
    assert ours == KEY.sign(message, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("bits", [2049, 3072, pytest.param(4096, marks=pytest.mark.slow)])
def test_keys_of_any_size_from_2048_bits_sign(bits: int) -> None:
    key = rsa.generate_private_key(65537, bits)
    ours = PrivateKey.from_pem(pem(key)).sign(b"message")
    key.public_key().verify(ours, b"message", padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("form", [_FORMATS.TraditionalOpenSSL, _FORMATS.PKCS8], ids=["1", "8"])
@pytest.mark.parametrize("line_break", ["\n", "\r\n", " ", "\\n"], ids=["lf", "crlf", "blank", "n"])
def test_a_key_is_read_however_its_lines_were_pasted(
    form: serialization.PrivateFormat, line_break: str
) -> None:
    text = pem(form=form).replace("\n", line_break)
    assert PrivateKey.from_pem(text).modulus == KEY.private_numbers().public_numbers.n


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a PEM"),
        ("ghp_a_token_instead_of_a_key", "not a PEM"),
        (pem(form=_FORMATS.PKCS8, passphrase=b"x"), "protected by a passphrase"),
        (pem(passphrase=b"x"), "protected by a passphrase"),
        (pem(ec.generate_private_key(ec.SECP256R1()), _FORMATS.PKCS8), "not an RSA key"),
        (pem(rsa.generate_private_key(65537, 1024)), "1024 bits"),
        (pem()[:900] + pem()[1000:], "private key|damaged|cut off|belong|numbers"),
        (pem()[:600] + "AAAA" + pem()[604:], "belong together|numbers"),
    ],
    ids=["empty", "token", "pkcs8", "pkcs1", "curve", "short", "cut", "changed"],
)
def test_what_cannot_sign_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(PrivateKeyError, match=reason):
        PrivateKey.from_pem(text)


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 1100), st.sampled_from(["RSA ", ""]))
def test_a_damaged_key_is_an_error_and_never_a_crash(noise: bytes, at: int, kind: str) -> None:
    der = KEY.private_bytes(
        serialization.Encoding.DER,
        _FORMATS.TraditionalOpenSSL if kind else _FORMATS.PKCS8,
        serialization.NoEncryption(),
    )
    damaged = der[:at] + noise + der[at + len(noise) :]
    text = base64.b64encode(damaged).decode()
    try:
        key = PrivateKey.from_pem(
            f"-----BEGIN {kind}PRIVATE KEY-----\n{text}\n-----END {kind}PRIVATE KEY-----"
        )
    except PrivateKeyError:
        return
    public = rsa.RSAPublicNumbers(key.public_exponent, key.modulus).public_key()
    public.verify(key.sign(b"x"), b"x", padding.PKCS1v15(), hashes.SHA256())


def test_a_key_is_in_no_trace() -> None:
    key = PrivateKey.from_pem(pem())
    assert repr(key) == "PrivateKey()"


def test_a_token_is_valid_for_less_than_github_allows_and_from_a_minute_ago() -> None:
    token = app_token("4711", PrivateKey.from_pem(pem()), NOW)
    head, claims, signature = (
        base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split(".")
    )
    assert json.loads(head) == {"alg": "RS256", "typ": "JWT"}
    moment = int(NOW.timestamp())
    assert json.loads(claims) == {"iat": moment - 60, "exp": moment + 540, "iss": "4711"}
    signed = token.rpartition(".")[0].encode()
    KEY.public_key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
