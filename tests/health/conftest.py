"""A mail server and a web server on this host, as the tests of notices have them."""

from tests.web.test_notices import post

__all__ = ["post"]
