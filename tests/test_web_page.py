"""The example examples/web_page: readings that are published reach web browsers, by server-sent events."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import signal
import socket

import pytest
import running
from running import ANY_PORT, PATIENCE

import zmqbind as zmq

pytest.importorskip("aiohttp")

NOBODY = "tcp://127.0.0.1:1"  # where nobody publishes
ROOMS = ["attic", "bathroom", "cellar", "kitchen", "study"]


@pytest.fixture
def start():
    """``start(script, *args)``: runs an example until the test ends."""
    with running.examples() as start:
        yield start


@pytest.fixture
def start_server(start):
    """``start_server(endpoint, port=0)``: the running server, and the port on which it serves the page."""

    def start_server(endpoint, port=0):
        server = start("web_page/server.py", endpoint, str(port))
        return server, int(server.wait_for(r"Open http://127\.0\.0\.1:(\d+)/ in a browser"))

    return start_server


@pytest.fixture
def publisher(make_socket):
    """A publisher in this process, which knows when the server has subscribed."""
    publisher = make_socket(zmq.XPUB, rcvtimeo=PATIENCE * 1000, sndhwm=0)
    publisher.bind(ANY_PORT)
    return publisher


@pytest.fixture
def listen():
    """``listen(port)``: the lines of the server's events, after the one that says how soon to come back."""
    with contextlib.ExitStack() as stack:

        def listen(port):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
            stack.callback(connection.close)
            connection.request("GET", "/events")
            response = stack.enter_context(connection.getresponse())
            assert response.status == 200
            assert response.getheader("Content-Type") == "text/event-stream"
            assert response.readline() == b"retry: 1000\n"
            assert response.readline() == b"\n"
            return response

        yield listen


def next_reading(response):
    line = response.readline()
    assert line.startswith(b"data: "), line
    assert response.readline() == b"\n"
    return json.loads(line[len("data: ") :])


def test_readings_are_streamed_to_all_who_listen(start, start_server, listen):
    endpoint = start("web_page/publisher.py", ANY_PORT).wait_for(r"Publishing on (\S+)")
    server, port = start_server(endpoint)
    for response in [listen(port) for _ in range(3)]:
        readings = [next_reading(response) for _ in range(10)]
        assert sorted({reading["sensor"] for reading in readings}) == ROOMS
        for reading in readings:
            assert sorted(reading) == ["celsius", "humidity", "sensor", "time"]
    server.wait_for("Browsers connected: 3")


def test_the_page_is_served(start_server):
    _, port = start_server(NOBODY)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    with contextlib.closing(connection):
        connection.request("GET", "/")
        response = connection.getresponse()
        assert response.getheader("Content-Type").startswith("text/html")
        assert b"EventSource" in response.read()


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_the_streams_end_when_the_server_stops(start_server, publisher, listen, signal_number):
    server, port = start_server(publisher.last_endpoint.decode())
    responses = [listen(port) for _ in range(2)]
    server.process.send_signal(signal_number)
    for response in responses:
        assert response.read() == b""  # raises IncompleteRead where the connection just breaks
    assert server.finish().endswith("The server stops\n")
    assert "rror" not in server.output


def test_a_browser_that_goes_is_forgotten_although_nothing_is_published(start_server, publisher):
    server, port = start_server(publisher.last_endpoint.decode())
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        connection.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        server.wait_for("Browsers connected: 1")
    server.wait_for("Browsers connected: 0")
    server.interrupt()
    assert "rror" not in server.output


def test_messages_that_are_not_json_are_ignored(start_server, publisher, listen):
    server, port = start_server(publisher.last_endpoint.decode())
    assert publisher.recv() == b"\x01"
    response = listen(port)
    for message in [b"{", b"\xff", b"NaN", b'"two\\nlines"', b'{"sensor":\n"a"}']:
        publisher.send(message)
    assert next_reading(response) == "two\nlines"
    assert next_reading(response) == {"sensor": "a"}
    for _ in range(3):
        server.wait_for("Ignored a message that is not JSON")


def test_a_browser_that_does_not_read_holds_up_nobody_and_misses_the_oldest(start_server, publisher, listen):
    server, port = start_server(publisher.last_endpoint.decode())
    assert publisher.recv() == b"\x01"
    sleeper, reader = listen(port), listen(port)
    # More than the buffers of a connection and the queue of 100 can hold.
    filling = "x" * 100_000
    sent = list(range(500))
    for number in sent:
        publisher.send_json([number, filling])
        assert next_reading(reader) == [number, filling]
    seen = []
    while not seen or seen[-1] != sent[-1]:
        number, text = next_reading(sleeper)
        assert text == filling
        seen.append(number)
    assert len(seen) < len(sent)
    assert seen == sorted(set(seen))
    assert seen[-100:] == sent[-100:]
    server.interrupt()


def test_the_server_stops_although_a_browser_does_not_read(start_server, publisher, listen):
    server, port = start_server(publisher.last_endpoint.decode())
    assert publisher.recv() == b"\x01"
    _sleeper, reader = listen(port), listen(port)
    filling = "x" * 100_000
    for number in range(200):
        publisher.send_json([number, filling])
        next_reading(reader)
    assert server.interrupt().endswith("The server stops\n")


def test_the_port_is_named_when_it_is_taken(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = start("web_page/server.py", NOBODY, str(port))
        server.wait_for("Address already in use")


@pytest.mark.browser
def test_a_browser_shows_the_readings_and_recovers_when_the_server_is_restarted(start, start_server, browser):
    from selenium.webdriver.support.ui import WebDriverWait

    def elements(selector):
        return browser.find_elements("css selector", selector)

    def texts(selector):
        return [element.text for element in elements(selector)]

    def wait_until(condition):
        WebDriverWait(browser, PATIENCE).until(lambda _: condition())

    endpoint = start("web_page/publisher.py", ANY_PORT).wait_for(r"Publishing on (\S+)")
    server, port = start_server(endpoint)
    browser.get(f"http://127.0.0.1:{port}/")
    wait_until(lambda: texts("tbody th") == ROOMS)
    assert texts("#status") == ["Live"]
    for selector, pattern in {".celsius": r"-?\d+\.\d", ".humidity": r"\d+ %"}.items():
        values = texts(f"tbody {selector}")
        assert len(values) == len(ROOMS)
        assert all(re.fullmatch(pattern, value) for value in values), values
    [curve, *_] = elements("polyline")
    wait_until(lambda: curve.get_attribute("points").count(",") > 1)

    server.interrupt()
    wait_until(lambda: texts("#status") == ["Disconnected, trying again"])
    before = curve.get_attribute("points")
    start_server(endpoint, port)
    wait_until(lambda: texts("#status") == ["Live"])
    wait_until(lambda: curve.get_attribute("points") != before)
    assert texts("tbody th") == ROOMS

    # Nothing went wrong but that the server was not there for a while.
    errors = [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert all("/events" in message for message in errors), errors
