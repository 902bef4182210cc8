"""Connections that end without an answer."""

from hypercorn.protocol.events import StreamClosed


class Closed(Exception):
    """Raised instead of an answer: the caller does not learn what happened to its call."""


def wrap(app):
    async def closing(scope, receive, send):
        try:
            await app(scope, receive, send)
        except Closed:
            # The method of hypercorn's stream. A stream that closes before its answer ends the connection.
            stream = send.__self__
            await stream.send(StreamClosed(stream_id=stream.stream_id))

    return closing
