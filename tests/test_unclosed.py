"""Sockets that were never closed: warnings, and what the end of the interpreter does with them."""

from __future__ import annotations

import re
import warnings

import pytest

import zmqbind as zmq

PATIENCE = 20_000  # milliseconds


def test_dropping_an_open_socket_warns_and_tells_where_it_was_made(context):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        context.socket(zmq.PAIR)
    (warning,) = caught
    assert warning.category is ResourceWarning
    assert re.search(rf"unclosed socket <.*PAIR.*>, made at {re.escape(__file__)}:\d+$", str(warning.message))


def test_no_warning_for_closed_sockets_shadows_and_monitors(context):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with context.socket(zmq.PAIR) as socket:
            zmq.Socket.shadow(socket.underlying)
            socket.get_monitor_socket()
            socket.disable_monitor()


def test_a_message_sent_just_before_exit_arrives(run_python, make_socket):
    receiver = make_socket(zmq.PULL, rcvtimeo=PATIENCE)
    receiver.bind("tcp://127.0.0.1:*")
    run_python(
        """
        import sys, zmqbind as zmq
        zmq.EXIT_LINGER = 20_000
        socket = zmq.Context().socket(zmq.PUSH)
        socket.connect(sys.argv[1])
        socket.send(b"goodbye")
        """,
        receiver.last_endpoint.decode(),
    )
    assert receiver.recv() == b"goodbye"


def test_it_arrives_although_a_daemon_thread_is_blocked(run_python, make_socket):
    receiver = make_socket(zmq.PULL, rcvtimeo=PATIENCE)
    receiver.bind("tcp://127.0.0.1:*")
    output = run_python(
        """
        import sys, threading, zmqbind as zmq
        zmq.EXIT_LINGER = 20_000
        context = zmq.Context()
        blocked, started = context.socket(zmq.PULL), threading.Event()
        def receive():
            started.set()
            blocked.recv()
        threading.Thread(target=receive, daemon=True).start()
        started.wait()
        while True:  # until it is blocked
            try:
                blocked.get(zmq.LINGER)
            except zmq.ConcurrentUseError:
                break
        socket = context.socket(zmq.PUSH)
        socket.connect(sys.argv[1])
        socket.send(b"goodbye")
        """,
        receiver.last_endpoint.decode(),
    )
    assert receiver.recv() == b"goodbye"
    assert "Traceback" not in output


@pytest.mark.parametrize("linger", ["-1", "10**6", "0"])
def test_exit_does_not_wait_for_a_peer_that_is_not_there(run_python, linger):
    run_python(
        f"""
        import zmqbind as zmq
        zmq.EXIT_LINGER = 50
        socket = zmq.Context().socket(zmq.PUSH)
        socket.linger = {linger}
        socket.connect("tcp://127.0.0.1:1")
        socket.send(b"nobody gets this")
        """
    )
