"""ZMQStream on Tornado's loop. The shared behaviours of eventloop.future: loops/adapters/tornado.py."""

from __future__ import annotations

import asyncio
import logging

import pytest

import zmqbind as zmq

pytest.importorskip("tornado")
ZMQStream = pytest.importorskip("zmqbind.eventloop.zmqstream").ZMQStream


def play(function, *kinds, **options):
    """Run a coroutine function with streams of these kinds of sockets; the first is bound, the second connected."""

    async def started():
        with zmq.Context() as context:
            streams = []
            for kind in kinds:
                socket = context.socket(kind)
                for name, value in options.items():
                    setattr(socket, name, value)
                streams.append(ZMQStream(socket))
            streams[0].bind("inproc://x")
            for stream in streams[1:]:
                stream.connect("inproc://x")
            try:
                await asyncio.wait_for(function(*streams), 30)
            finally:
                for stream in streams:
                    stream.close(linger=0)

    asyncio.run(started())


def gather(stream, count, **options):
    """A future of the first messages that a stream receives."""
    received, future = [], asyncio.get_running_loop().create_future()

    def on_recv(message):
        received.append(message)
        if len(received) == count:
            future.set_result(received)

    stream.on_recv(on_recv, **options)
    return future


def test_send_and_receive():
    async def main(sender, receiver):
        sent = []
        sender.on_send(lambda message, status: sent.append((message, status)))
        sender.send(b"1")
        sender.send_multipart([b"2", b"3"])
        sender.send_string("ä")
        sender.send_json([1])
        assert sender.sending() and not receiver.receiving()
        assert await gather(receiver, 4) == [[b"1"], [b"2", b"3"], ["ä".encode()], [b"[1]"]]
        assert receiver.receiving() and not sender.sending()
        assert sent[1] == ([b"2", b"3"], None)
        sender.send(b"4")
        ((frame,),) = await gather(receiver, 1, copy=False)
        assert isinstance(frame, zmq.Frame)

    play(main, zmq.PUSH, zmq.PULL)


def test_the_queue_waits_for_room():
    async def main(sender, receiver):
        for number in range(50):
            sender.send(b"%d" % number)
        sender.flush()
        assert sender.sending()
        assert await gather(receiver, 50) == [[b"%d" % number] for number in range(50)]
        assert not sender.sending()

    play(main, zmq.PUSH, zmq.PULL, sndhwm=2, rcvhwm=2)


def test_a_stream_gives_others_a_turn():
    async def main(sender, receiver):
        for _ in range(1000):
            sender.send(b"")
        sender.flush()
        future, turns = gather(receiver, 1000), 0
        while not future.done():
            await asyncio.sleep(0)
            turns += 1
        assert turns >= 9

    play(main, zmq.PUSH, zmq.PULL)


def test_flush_counts_and_drops():
    async def main(sender, receiver):
        for number in range(5):
            sender.send(b"%d" % number)
        assert sender.flush(zmq.POLLOUT, limit=2) == 2
        assert sender.flush() == 3
        assert receiver.flush(zmq.POLLIN, limit=3) == 3
        assert await gather(receiver, 2) == [[b"3"], [b"4"]]

    play(main, zmq.PUSH, zmq.PULL)


def test_coroutines_and_exceptions(caplog):
    async def main(sender, receiver):
        done = asyncio.Event()

        async def fail(message):
            await asyncio.sleep(0)
            asyncio.get_running_loop().call_soon(done.set)
            raise ValueError("in a coroutine")

        receiver.on_recv(fail)
        sender.send(b"")
        await done.wait()

    with caplog.at_level(logging.ERROR):
        play(main, zmq.PUSH, zmq.PULL)
    assert "Uncaught exception in ZMQStream callback" in caplog.text and "in a coroutine" in caplog.text


def test_callbacks_that_raise_stop_or_close(caplog):
    async def main(sender, receiver):
        received, done = [], asyncio.Event()

        def on_recv(message):
            received.append(message)
            if len(received) == 4:
                receiver.stop_on_recv()
                done.set()
            raise ValueError("in on_recv")

        receiver.on_recv(on_recv)
        asyncio.get_running_loop().set_exception_handler(lambda loop, details: None)
        for number in range(6):
            sender.send(b"%d" % number)
        await done.wait()
        assert not receiver.receiving()
        assert received == [[b"%d" % number] for number in range(4)]
        closed = asyncio.Event()
        receiver.set_close_callback(closed.set)
        receiver.on_recv(lambda message: (received.append(message), receiver.close()))
        await closed.wait()
        assert received[4:] == [[b"4"]] and receiver.closed()

    play(main, zmq.PUSH, zmq.PULL)
    assert caplog.text.count("ValueError: in on_recv") >= 4


def test_messages_that_cannot_be_sent_hold_up_no_others(caplog):
    async def main(sender, receiver):
        asyncio.get_running_loop().set_exception_handler(lambda loop, details: None)
        for message in ([1], "text", 5, [], [b"sent"]):
            sender.send_multipart(message)
        assert await gather(receiver, 1) == [[b"sent"]]

    play(main, zmq.PUSH, zmq.PULL)
    assert caplog.text.count("a message cannot be sent") == 4


def test_requests_and_replies():
    async def main(server, client):
        server.on_recv(server.send_multipart)
        client.send(b"1")
        client.send(b"2")  # waits for its turn
        assert await gather(client, 2) == [[b"1"], [b"2"]]

    play(main, zmq.REP, zmq.REQ)


def test_the_context_ends():
    async def main():
        context, ended = zmq.Context(), []
        streams = [ZMQStream(context.socket(kind)) for kind in (zmq.PULL, zmq.PUSH)]
        for stream in streams:
            stream.set_close_callback(lambda: ended.append(True))
        await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(None, context.term), 30)
        assert ended == [True, True] and all(stream.closed() for stream in streams)

    asyncio.run(main())


def test_the_end():
    async def main(stream):
        closed = []
        stream.set_close_callback(lambda: closed.append(stream.socket))
        stream.close()
        stream.close()
        assert stream.closed() and closed == [None]
        with pytest.raises(OSError, match="Stream is closed"):
            stream.send(b"")

    play(main, zmq.PULL)


def test_a_loop_closes_the_sockets_and_not_their_descriptors(run_python):
    """libzmq would abort the process on finding one closed."""
    code = """
    import zmqbind as zmq
    from tornado.ioloop import IOLoop
    from zmqbind.eventloop.zmqstream import ZMQStream

    context = zmq.Context()
    socket = context.socket(zmq.PULL)
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    loop = IOLoop(make_current=False)
    stream = ZMQStream(socket, loop)
    stream.on_recv(print)
    loop.close(all_fds=True)
    print(socket.closed)
    context.term()
    """
    assert run_python(code) == "True\n"


def test_old_names(run_python):
    code = """
    import warnings; warnings.simplefilter("ignore")
    from zmqbind.eventloop import IOLoop, ioloop
    print(ioloop.ZMQIOLoop is IOLoop, ioloop.install())
    """
    assert run_python(code) == "True None\n"
