"""Show in web browsers what publisher.py publishes, as it happens. Runs until Ctrl-C.

Usage: server.py [endpoint of the publisher] [port of the web page]

One SUB socket serves all browsers. Each has a queue of its own, so that one that is slow, or asleep, holds up neither
the others nor the publisher.
"""

import asyncio
import contextlib
import json
import pathlib
import socket
import sys

from aiohttp import web

import zmqbind as zmq
import zmqbind.asyncio

endpoint = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5008"
port = int(sys.argv[2]) if len(sys.argv) > 2 else 8000
PAGE = pathlib.Path(__file__).with_name("page.html")
QUEUE_LENGTH = 100  # of events that a browser may lag behind

browsers = set()  # the queue of each browser that is connected


def to_all_browsers(event):
    for queue in browsers:
        if queue.full():
            queue.get_nowait()  # whoever cannot keep up misses the oldest readings, and gets the newest
        queue.put_nowait(event)


async def receive(subscriber):
    while True:
        try:
            reading = json.dumps(await subscriber.recv_json(), allow_nan=False)
        except zmq.Again:
            # A comment, which browsers ignore: connections that carry nothing are closed by some proxies.
            to_all_browsers(b": nothing new\n\n")
        except ValueError as error:
            print("Ignored a message that is not JSON:", error)
        else:
            # All of it is in one line, since JSON escapes line breaks; the empty line ends the event.
            to_all_browsers(f"data: {reading}\n\n".encode())


async def subscription(app):
    """Receive from the publisher for as long as the web server runs."""
    async with zmq.asyncio.Context() as context, context.socket(zmq.SUB) as subscriber:
        subscriber.rcvtimeo = 15_000
        subscriber.connect(endpoint)
        subscriber.subscribe("")
        receiver = asyncio.create_task(receive(subscriber))
        yield
        receiver.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await receiver


async def page(request):
    return web.FileResponse(PAGE, headers={"Cache-Control": "no-cache"})


async def events(request):
    """Server-sent events: a response that never ends, read by EventSource in the page.

    A browser opens six connections to a server at most, so that a seventh tab has to wait; HTTP/2 has no such limit.
    """
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    queue = asyncio.Queue(QUEUE_LENGTH)
    browsers.add(queue)
    print("Browsers connected:", len(browsers))
    try:
        # Should the connection break, the browser is to try again after a second.
        event = b"retry: 1000\n\n"
        while event is not None:
            await response.write(event)  # waits while the browser does not read
            event = await queue.get()
    finally:
        browsers.discard(queue)
        print("Browsers connected:", len(browsers))
    return response


async def end_of_events(app):
    to_all_browsers(None)


app = web.Application()
app.router.add_get("/", page)
app.router.add_get("/events", events)
app.cleanup_ctx.append(subscription)
app.on_shutdown.append(end_of_events)

with socket.create_server(("127.0.0.1", port)) as listener:
    print("Open http://{}:{}/ in a browser".format(*listener.getsockname()))
    # Without handler_cancellation, the end of a connection would be noticed by the next event only. After a second,
    # a browser that does not even read that this is the end no longer delays it.
    web.run_app(app, sock=listener, print=None, handler_cancellation=True, shutdown_timeout=1)
print("The server stops")
