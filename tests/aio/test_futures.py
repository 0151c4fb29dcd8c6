"""Operations as futures: done ones, their results and errors."""

from __future__ import annotations

import asyncio

import pytest
from aio.turns import turns

import zmqbind as zmq
import zmqbind.asyncio


def test_what_can_be_done_at_once_is_a_done_future(run, stream):
    sender, receiver = stream

    async def main():
        for send, receive in [
            (lambda: sender.send(b"x"), receiver.recv),
            (lambda: sender.send(b"x", copy=False), lambda: receiver.recv(copy=False)),
            (lambda: sender.send_multipart([b"x", b"y"]), receiver.recv_multipart),
            (lambda: sender.send_string("x"), receiver.recv_string),
            (lambda: sender.send_json(1), receiver.recv_json),
            (lambda: sender.send_pyobj(1), receiver.recv_pyobj),
            (lambda: sender.send_batch([b"x"]), receiver.recv_batch),
            (lambda: sender.send(b"x"), lambda: receiver.recv_into(bytearray(1))),
        ]:
            waiting = receive()
            assert isinstance(waiting, asyncio.Future) and not waiting.done()
            assert waiting.get_loop() is asyncio.get_running_loop()
            sent = send()
            assert isinstance(sent, asyncio.Future) and sent.done()
            await waiting
            await send()
            await turns()
            received = receive()
            assert isinstance(received, asyncio.Future) and received.done()
        poll = sender.poll(0, zmq.POLLOUT)
        assert isinstance(poll, asyncio.Future) and poll.done() and poll.result() == zmq.POLLOUT

    run(main())


def test_futures_work_with_gather_wait_shield_and_callbacks(run, stream):
    sender, receiver = stream

    async def main():
        first, second = receiver.recv(), receiver.recv()
        called = []
        second.add_done_callback(called.append)
        assert await asyncio.gather(sender.send(b"1"), sender.send(b"2")) == [None, None]
        done, pending = await asyncio.wait([first, second])
        assert not pending and {future.result() for future in done} == {b"1", b"2"}
        assert called == [second]
        await sender.send(b"3")
        assert await asyncio.shield(receiver.recv()) == b"3"
        waiting = receiver.recv()
        with pytest.raises((TimeoutError, asyncio.TimeoutError)):
            await asyncio.wait_for(asyncio.shield(waiting), 0)
        await sender.send(b"4")
        assert await waiting == b"4"

    run(main())


def test_a_future_that_somebody_else_has_set_takes_no_message(run, stream):
    sender, receiver = stream

    async def main():
        first, second = receiver.recv(), receiver.recv()
        first.set_result("mine")
        await sender.send(b"1")
        assert await second == b"1"

    run(main())


def test_a_future_that_two_tasks_await_gives_its_message_once(run, stream):
    """One of them is cancelled when the message is there already: the other gets it, and nobody else."""
    sender, receiver = stream
    waiting = []

    async def receive():
        return await waiting[0]

    async def main():
        waiting.append(receiver.recv())
        tasks = [asyncio.ensure_future(receive()) for _ in range(2)]
        await turns()
        waiting[0].add_done_callback(lambda future: None)
        await sender.send(b"1")
        # This task is woken by the same turn as theirs, and before them: it has waited longer.
        while not waiting[0].done():
            await asyncio.sleep(0)
        tasks[0].cancel()
        assert (await asyncio.gather(*tasks, return_exceptions=True))[1] == b"1"
        await sender.send(b"2")
        assert await receiver.recv() == b"2"

    run(main())


def test_a_coroutine_that_is_closed_leaves_the_future_to_another(run, stream):
    sender, receiver = stream

    async def receive(waiting):
        return await waiting

    async def main():
        waiting = receiver.recv()
        task = asyncio.ensure_future(receive(waiting))
        await turns()
        coroutine = receive(waiting)
        coroutine.send(None)
        coroutine.close()
        await sender.send(b"x")
        assert await task == b"x"

    run(main())


def test_results_of_sends_are_not_shared(stream, run):
    """A future may be made use of again only once nobody has it."""
    sender, _ = stream

    async def main():
        futures = [sender.send(b"x") for _ in range(10)]
        assert len({id(future) for future in futures}) == 10

    run(main())


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda s: s.send("text"), TypeError),
        (lambda s: s.send(object()), TypeError),
        (lambda s: s.send_multipart([b"x", "text"]), TypeError),
        (lambda s: s.send_multipart([]), IndexError),
        (lambda s: s.send_batch(3), TypeError),
        (lambda s: s.send_batch([b"x", "text"]), TypeError),
        (lambda s: s.recv_into(b"constant"), BufferError),
        (lambda s: s.recv_into(3), TypeError),
        (lambda s: s.recv_into(bytearray(2), nbytes=3), ValueError),
        (lambda s: s.recv_batch(0), ValueError),
        (lambda s: s.recv(zmq.DONTWAIT), zmq.Again),
    ],
)
def test_errors_come_through_the_future(run, connected_pair, call, error):
    first, _ = connected_pair(zmq.PAIR, zmq.PAIR)

    async def main():
        future = call(first)
        assert future.done()
        with pytest.raises(error):
            await future

    run(main())


@pytest.mark.parametrize(
    "call",
    [
        lambda s: s.recv(),
        lambda s: s.recv_multipart(),
        lambda s: s.recv_batch(),
        lambda s: s.recv_into(bytearray(1)),
        lambda s: s.send(b"x"),
        lambda s: s.send_multipart([b"x"]),
        lambda s: s.send_batch([b"x"]),
        lambda s: s.poll(0),
        lambda s: s.poll(),
    ],
)
def test_errors_of_a_closed_socket_come_through_the_future(run, context, raises_errno, call):
    socket = context.socket(zmq.PAIR)
    socket.close()

    async def main():
        future = call(socket)
        with raises_errno(zmq.ENOTSOCK):
            await future

    run(main())


def test_a_receive_that_a_socket_cannot_do(run, make_socket, raises_errno):
    async def main():
        with raises_errno(zmq.ENOTSUP):
            await make_socket(zmq.PUSH).recv()

    run(main())
