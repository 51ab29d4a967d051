"""Derives the hosts of git and of gists from the URL of GitHub's API. Pure."""

from urllib.parse import urlsplit


def git_url(api_url: str) -> str:
    """The host for git: the API's without ``api.``, or the same host.

    https://docs.github.com/enterprise-server/rest/overview/about-the-rest-api has both forms.
    """
    parts = urlsplit(api_url)
    return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}"


def gist_url(api_url: str) -> str:
    """The host for gists.

    An Enterprise server without subdomain isolation has gists at ``HOST/gist/`` instead.
    """
    parts = urlsplit(git_url(api_url))
    return f"{parts.scheme}://gist.{parts.netloc}"
