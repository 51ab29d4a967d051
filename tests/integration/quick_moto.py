"""moto looks over its own code at every call, a tenth of the time of all tests that call it.

It also makes an RSA key, a twentieth of a second, for the volumes of each fresh account. And its S3
keeps a checksum that the SDK computes, but none that comes with a request, as S3 does:
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
"""

import functools
from collections.abc import Callable
from typing import Any

import moto.backend_index
import moto.backends
import moto.core.responses
import moto.core.utils
import moto.kms.models
from moto.core.base_backend import BaseBackend
from moto.core.utils import method_names_from_class
from moto.ec2.models import EC2Backend
from moto.s3.responses import S3Response

_CALLED = {"dynamodb", "ec2", "lambda", "s3", "scheduler", "sns", "sqs", "ssm", "sts"}
_GET_CHECKSUM, _SHA256 = "_get_checksum", "x-amz-checksum-sha256"


def quicken_moto() -> None:
    """Let moto find out once which services it has, and which operations and paths each has.

    It looks for the service of a request first among those that the tests call, and every account
    has the same encryption key.
    """
    patterns = moto.backend_index.backend_url_patterns
    patterns.sort(key=lambda each: each[0] not in _CALLED)
    # A reset makes the default VPCs of every account anew, and then throws them away.
    setattr(EC2Backend, "reset", lambda _: None)  # noqa: B010
    keys: Any = moto.kms.models
    if not hasattr(keys.generate_private_key, "cache_info"):
        keys.generate_private_key = functools.cache(keys.generate_private_key)
    setattr(S3Response, _GET_CHECKSUM, _with_sent_checksum(getattr(S3Response, _GET_CHECKSUM)))
    utils: Any = moto.core.utils
    if not hasattr(utils.create_loader, "cache_info"):
        # Each loader lists the folders of all services: five hundredths of a second.
        utils.create_loader = functools.cache(utils.create_loader)
    modules = moto.backends.list_of_moto_modules
    if not hasattr(modules, "cache_info"):
        # Its server lists the folders of its package for each request.
        listed: Any = functools.cache(lambda: (*modules(),))
        setattr(moto.backends, modules.__name__, listed)
    once: Any = functools.cache(method_names_from_class)
    setattr(moto.core.responses, method_names_from_class.__name__, once)
    found: Any = BaseBackend.__dict__["urls"]
    setattr(BaseBackend, "urls", property(_once_a_class(found.fget)))  # noqa: B010


def _once_a_class(find: Callable[[BaseBackend], Any]) -> Callable[[BaseBackend], Any]:
    known: dict[type[BaseBackend], Any] = {}

    def remembered(backend: BaseBackend) -> Any:
        if type(backend) not in known:
            known[type(backend)] = find(backend)
        return known[type(backend)]

    return remembered


def _with_sent_checksum(find: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The algorithm and the value of what is put, which go into the headers of the answer, too."""

    def found(response: Any, answer_headers: Any) -> Any:
        algorithm, value = find(response, answer_headers)
        sent = response.headers.get(_SHA256)
        if algorithm or not sent:
            return algorithm, value
        answer_headers[_SHA256] = sent
        return "SHA256", sent

    return found
