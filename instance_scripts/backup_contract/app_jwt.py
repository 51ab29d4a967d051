"""Signs the JSON web token (RS256) with which a GitHub App authenticates.

The launcher and the instance's program both contain this module. It exists because no maintained
library does this without compiled code: see docs/adr/0003-github-app-signature.md. It only signs:
it does not decrypt, verify other signatures, or choose an algorithm.
"""

import base64
import binascii
import hashlib
import json
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime

VALID_SECONDS = 540
"""GitHub accepts at most ten minutes. One minute is left for differing clocks."""
_BACKDATED_SECONDS = 60
_LEAST_BITS, _MOST_BITS = 2048, 8192
_PEM = re.compile(
    r"-----BEGIN (RSA )?PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END (?:RSA )?PRIVATE KEY-----"
)
_INTEGER, _OCTETS, _SEQUENCE = 0x02, 0x04, 0x30
_RSA = bytes.fromhex("06092a864886f70d0101010500")
"""The algorithm rsaEncryption with its empty parameters, as PKCS#8 names it (RFC 8017, A.1)."""
_SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
"""The prefix of a SHA-256 in EMSA-PKCS1-v1_5 (RFC 8017, section 9.2, note 1)."""


class PrivateKeyError(ValueError):
    """The text is not an RSA private key that can sign. The message never contains the key."""


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """An RSA private key. Its ``repr`` omits the numbers, so that no traceback shows them."""

    modulus: int = field(repr=False)
    public_exponent: int = field(repr=False)
    private_exponent: int = field(repr=False)

    @classmethod
    def from_pem(cls, text: str) -> "PrivateKey":
        """Read a PEM file: PKCS#1, as GitHub creates it, or PKCS#8.

        Line breaks may have been replaced by spaces. Raises PrivateKeyError.
        """
        found = _PEM.search(text.replace("\\n", "\n"))
        if not found:
            encrypted = "ENCRYPTED" in text
            raise PrivateKeyError(
                "it is protected by a passphrase" if encrypted else "it is not a PEM private key"
            )
        try:
            data = base64.b64decode("".join(found[2].split()), validate=True)
        except binascii.Error as error:
            raise PrivateKeyError("its PEM is damaged") from error
        numbers = _numbers(data if found[1] else _unwrapped(data))
        if len(numbers) < 4 or numbers[0] != 0:
            raise PrivateKeyError("it is not an RSA private key with two primes")
        key = cls(*numbers[1:4])
        if not _LEAST_BITS <= key.modulus.bit_length() <= _MOST_BITS:
            raise PrivateKeyError(
                f"it has {key.modulus.bit_length()} bits instead of {_LEAST_BITS} to {_MOST_BITS}"
            )
        # Detects a damaged key before GitHub refuses its signature.
        key.sign(b"")
        return key

    def sign(self, message: bytes) -> bytes:
        """Sign with RSASSA-PKCS1-v1_5 and SHA-256 (RFC 8017, section 8.2.1).

        Blinding makes the duration independent of the key. The signature is verified before it is
        returned, because a faulty one could reveal the key. Raises PrivateKeyError.
        """
        size = (self.modulus.bit_length() + 7) // 8
        info = _SHA256_INFO + hashlib.sha256(message).digest()
        number = int.from_bytes(b"\0\1" + b"\xff" * (size - len(info) - 3) + b"\0" + info)
        try:
            blind = secrets.randbelow(self.modulus - 2) + 2
            blinded = number * pow(blind, self.public_exponent, self.modulus) % self.modulus
            power = pow(blinded, self.private_exponent, self.modulus)
            signature = power * pow(blind, -1, self.modulus) % self.modulus
        except ValueError as error:
            raise PrivateKeyError("its numbers are not those of an RSA key") from error
        if pow(signature, self.public_exponent, self.modulus) != number:
            raise PrivateKeyError("its numbers do not belong together")
        return signature.to_bytes(size)


def app_token(app: str, key: PrivateKey, now: datetime) -> str:
    """The token with which an App (by its id or client id) requests installations and their tokens.

    https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
    """
    moment = int(now.timestamp())
    claims = {"iat": moment - _BACKDATED_SECONDS, "exp": moment + VALID_SECONDS, "iss": app}
    parts = [
        _base64url(json.dumps(each).encode()) for each in ({"alg": "RS256", "typ": "JWT"}, claims)
    ]
    signed = ".".join(parts)
    return f"{signed}.{_base64url(key.sign(signed.encode()))}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unwrapped(data: bytes) -> bytes:
    """The PKCS#1 key inside a PKCS#8 one (RFC 5958)."""
    body = _value(data, _SEQUENCE)[0]
    _, rest = _value(body, _INTEGER)
    algorithm, rest = _value(rest, _SEQUENCE)
    if algorithm != _RSA:
        raise PrivateKeyError("it is not an RSA key")
    return _value(rest, _OCTETS)[0]


def _numbers(data: bytes) -> list[int]:
    """All integers of a sequence."""
    rest, numbers = _value(data, _SEQUENCE)[0], []
    while rest:
        number, rest = _value(rest, _INTEGER)
        numbers.append(int.from_bytes(number))
    return numbers


def _value(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """The contents of the first DER value (X.690), and the bytes after it."""
    if len(data) < 2 or data[0] != tag:
        raise PrivateKeyError("it does not have the structure of an RSA private key")
    length, start = data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start])
    if start + length > len(data):
        raise PrivateKeyError("it is cut off")
    return data[start : start + length], data[start + length :]
