"""Reading a socket's state uses up what its descriptor would have told those who wait for it."""

import asyncio
import select

import pytest

import zmqbind as zmq
import zmqbind.asyncio


@pytest.mark.parametrize("look", [lambda s: s.poll(0), lambda s: zmq.Socket.shadow(s).poll(0)], ids=["own", "shadow"])
def test_a_poll_does_not_take_the_message_away_from_a_receiver_that_waits(make_socket, look):
    peer = make_socket(zmq.PAIR)
    peer.bind("tcp://127.0.0.1:*")

    async def main():
        socket = zmq.asyncio.Socket(peer.context, zmq.PAIR)
        socket.connect(peer.last_endpoint.decode())
        for _ in range(2):  # the first finds the connection being made
            received = socket.recv()
            await asyncio.sleep(0)
            peer.send(b"message")
            select.select([socket.fileno()], [], [], 10)
            look(socket)
            assert await asyncio.wait_for(received, 10) == b"message"
        socket.close()

    asyncio.run(main())
