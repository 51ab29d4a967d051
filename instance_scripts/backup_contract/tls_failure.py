"""Why a TLS connection failed: OpenSSL's reason, then the remedy if one is known. Pure."""

import ssl
from collections.abc import Iterator

from backup_contract.text import one_line

_NOT_YET_VALID, _EXPIRED = 9, 10
_SELF_SIGNED = 18
_UNKNOWN_AUTHORITY = (19, 20, 21)
_OTHER_NAME = (62, 64)
"""OpenSSL's codes: https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/"""
_MOST_LINKS = 20


def tls_failure(error: BaseException, bundle: str = "SSL_CERT_FILE") -> str | None:
    """The TLS failure in this error or its causes, as text; None if there is none.

    ``bundle`` is the environment variable that names further trusted authorities.
    """
    found = next((each for each in _chain(error) if isinstance(each, ssl.SSLError)), None)
    if isinstance(found, ssl.SSLCertVerificationError):
        problem = one_line(str(found.verify_message)).rstrip(".")
        return f"its certificate is not accepted: {problem}{_remedy(found.verify_code, bundle)}"
    if found is None:
        return None
    # An error of Python's own ssl module has no reason from OpenSSL.
    reason = getattr(found, "reason", None)
    return f"TLS fails: {one_line(reason or str(found))}"


def _remedy(code: int, bundle: str) -> str:
    if code == _EXPIRED:
        return "; the server's operator must renew it, unless this machine's clock is ahead"
    if code == _NOT_YET_VALID:
        return "; is this machine's clock behind?"
    if code in _OTHER_NAME:
        return "; the address is wrong, or something between here and the server answers instead"
    if code == _SELF_SIGNED:
        return f"; to trust it, name a file with this certificate in {bundle}"
    if code in _UNKNOWN_AUTHORITY:
        return f"; its authority is unknown here: name a file with its certificate in {bundle}"
    return ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and all its causes, which libraries keep in different attributes."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting and len(seen) < _MOST_LINKS:
        each = waiting.pop(0)
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [each.__cause__, each.__context__, *each.args]
        waiting += [getattr(each, name, None) for name in ("reason", "original_error")]
        kept = getattr(each, "kwargs", None)
        waiting.append(kept.get("error") if isinstance(kept, dict) else None)
