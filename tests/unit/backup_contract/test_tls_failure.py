"""Why TLS failed, told apart by OpenSSL's own codes."""

import ssl

import pytest
from botocore.exceptions import SSLError as BotocoreTlsError
from urllib3.exceptions import MaxRetryError, ProtocolError, SSLError

from backup_contract.tls_failure import tls_failure


def refused(code: int, message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] failed")
    error.verify_code, error.verify_message = code, message
    return error


CASES = [
    (10, "certificate has expired", "renew it, unless this machine's clock is ahead"),
    (9, "certificate is not yet valid", "is this machine's clock behind?"),
    (62, "Hostname mismatch, certificate is not valid for 'a.test'.", "the address is wrong"),
    (64, "IP address mismatch, certificate is not valid for '::1'.", "the address is wrong"),
    (18, "self-signed certificate", "name a file with this certificate in SSL_CERT_FILE"),
    (19, "self-signed certificate in certificate chain", "its authority is unknown here"),
    (20, "unable to get local issuer certificate", "its authority is unknown here"),
    (23, "certificate revoked", ""),
]


@pytest.mark.parametrize(("code", "message", "remedy"), CASES)
def test_openssls_reason_comes_first_and_then_the_remedy(
    code: int, message: str, remedy: str
) -> None:
    reason = tls_failure(refused(code, message)) or ""
    assert reason.startswith(f"its certificate is not accepted: {message.rstrip('.')}")
    assert remedy in reason


def test_the_reason_is_found_wherever_a_library_keeps_it() -> None:
    cause = refused(20, "unable to get local issuer certificate")
    inner = SSLError(cause)
    for error in (
        inner,
        MaxRetryError(None, "/", inner),  # type: ignore[arg-type]
        BotocoreTlsError(endpoint_url="https://s3", error=inner),
    ):
        assert "AWS_CA_BUNDLE" in (tls_failure(error, "AWS_CA_BUNDLE") or "")


def test_another_failure_of_tls_is_named_as_openssl_names_it() -> None:
    error = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1)")
    assert tls_failure(SSLError(error)) == (
        "TLS fails: [SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1)"
    )


def test_what_is_not_tls_is_left_to_others() -> None:
    error = ProtocolError("broken")
    error.__context__ = error
    assert tls_failure(error) is None
