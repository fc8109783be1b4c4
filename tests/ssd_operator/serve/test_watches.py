"""Laws of kopf's connection: kopf can tell whether credentials are new by asking whether the connection is."""

import kopf

from ssd_operator.serve.namespaces import Namespaces
from ssd_operator.serve.watches import Login


async def test_the_same_credentials_are_the_same_connection() -> None:
    """Credentials that were refused and are found once more are not new: kopf gives up instead of trying for ever."""
    found = kopf.ConnectionInfo(server="http://127.0.0.1:1", token="first")
    login = Login(lambda **_: found, Namespaces())
    first = await login()
    assert await login() == first
    found = kopf.ConnectionInfo(server="http://127.0.0.1:1", token="second")
    second = await login()
    assert second != first
    for each in (first, second):
        assert each is not None
        await each.aiohttp_session.close()


async def test_no_credentials_are_no_connection() -> None:
    """A pod without a token is told by kopf that it cannot log in."""
    assert await Login(lambda **_: None, Namespaces())() is None
