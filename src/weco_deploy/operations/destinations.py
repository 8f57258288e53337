"""Finds the URLs of the destinations of messages, and tests them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from weco_deploy.errors import DeployError
from weco_deploy.model.notification import Destination, DestinationTest, Message
from weco_deploy.ports import NotDelivered, Ports

NOT_INSTALLED = "they need a package that is not installed: pip install 'weco-deploy[notify]'"


def checked_url(ports: Ports, destination: Destination) -> str:
    """The URL of a destination.

    Raises:
        NotDelivered: it is no URL that messages can be sent to. NotFound: it is not set. AwsError.

    """
    url = ports.secret(destination.url_from).strip()
    if not ports.messenger.accepts(url):
        raise NotDelivered("it holds no URL of a service that apprise knows")
    return url


def destination_problem(ports: Ports, destination: Destination) -> str:
    """Why no message could be sent; empty if one could. Sends nothing."""
    return _problem(ports, partial(checked_url, ports, destination))


def send_tests(
    ports: Ports, destinations: Sequence[Destination], message: Callable[[Destination], Message]
) -> Iterator[DestinationTest]:
    """Send a message to each destination, one after the other."""
    for destination in destinations:
        problem = _problem(ports, partial(_send, ports, destination, message(destination)))
        yield DestinationTest(destination=destination, sent=not problem, problem=problem)


def _send(ports: Ports, destination: Destination, message: Message) -> None:
    ports.messenger.send(checked_url(ports, destination), message)


def _problem(ports: Ports, action: Callable[[], object]) -> str:
    if not ports.messenger.installed():
        return NOT_INSTALLED
    try:
        action()
    except NotDelivered as error:
        return str(error)
    except DeployError as error:
        return error.message
    return ""
