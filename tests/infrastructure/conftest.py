"""What the tests of the template share."""

import pytest

from tools.iam.template import Template, read_template


@pytest.fixture(scope="session")
def template() -> Template:
    """The repository's template."""
    return read_template()
