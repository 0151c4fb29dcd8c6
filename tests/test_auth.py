"""Authenticators of every kind: who gets in, and who does not."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import sys
import threading

import pytest
from doors import Door, Keys, outcome_of, plain

import zmqbind as zmq
import zmqbind.asyncio
import zmqbind.auth
from zmqbind.auth.asyncio import AsyncioAuthenticator
from zmqbind.auth.thread import ThreadAuthenticator
from zmqbind.utils import z85

needs_curve = pytest.mark.skipif(not zmq.has("curve"), reason="libzmq has no CURVE")

PATIENCE = 30  # seconds


@contextlib.contextmanager
def in_thread(context, main):
    """An authenticator that `main(context, started, stop)`, run in a thread, tells of by started.append."""
    started, ready, stop = [], threading.Event(), threading.Event()

    def run():
        try:
            main(context, lambda auth: (started.append(auth), ready.set()), stop)
        finally:
            ready.set()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait(PATIENCE)
    try:
        yield started[0]
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def asyncio_main(context, started, stop):
    async def main():
        auth = AsyncioAuthenticator(context)
        auth.start()
        started(auth)
        await asyncio.to_thread(stop.wait, PATIENCE)
        auth.stop()

    asyncio.run(main())


def anyio_main(backend):
    import anyio

    from zmqbind.auth.anyio import AnyioAuthenticator

    def main(context, started, stop):
        async def serve():
            async with AnyioAuthenticator(context) as auth:
                started(auth)
                await anyio.to_thread.run_sync(stop.wait, PATIENCE)

        anyio.run(serve, backend=backend)

    return main


KINDS = {
    "thread": lambda context: ThreadAuthenticator(context),
    "asyncio": lambda context: in_thread(context, asyncio_main),
    "anyio": lambda context: in_thread(context, anyio_main("asyncio")),
    "trio": lambda context: in_thread(context, anyio_main("trio")),
}
NEEDED = {"anyio": ["anyio"], "trio": ["anyio", "trio"]}


@pytest.fixture(params=KINDS)
def auth(context, request):
    """An authenticator of each kind, started."""
    for module in NEEDED.get(request.param, ()):
        if not importlib.util.find_spec(module):
            pytest.skip(f"{module} is not installed")
    with KINDS[request.param](context) as auth:
        yield auth


@pytest.fixture
def thread_auth(context):
    """A ThreadAuthenticator, started, where the kind does not matter."""
    with ThreadAuthenticator(context) as auth:
        yield auth


@pytest.fixture
def make_door(context):
    """``make_door(**options)``: a Door of the context."""
    doors = []

    def make(**options):
        doors.append(Door(context, **options))
        return doors[-1]

    yield make
    for door in doors:
        door.server.close()


@pytest.fixture
def keys():
    """Keys of a server, a known client and a stranger."""
    if not zmq.has("curve"):
        pytest.skip("libzmq has no CURVE")
    return Keys(), Keys(), Keys()


def certify(directory, name, public):
    """Write a certificate as a client would send it in."""
    file = directory / f"{name}.key"
    file.write_text(f'metadata\n    name = "{name}"\ncurve\n    public-key = "{public.decode()}"\n')
    return file


# The mechanisms, on every kind of authenticator


def test_null(auth, make_door):
    assert make_door(zap_domain=b"any").knock() == "in"


def test_null_from_a_denied_address(auth, make_door):
    auth.deny("192.0.2.1", "127.0.0.1")
    assert make_door(zap_domain=b"any").knock() == 400


def test_plain(auth, make_door):
    auth.configure_plain(domain="*", passwords={"alice": "secret", "bob": "b", "ünï": "pässwörd"})
    door = make_door(plain_server=1)
    for user, password in (("alice", "secret"), ("bob", "b"), ("ünï", "pässwörd")):
        assert door.knock(**plain(user, password)) == "in"
    for user, password in (("alice", "wrong"), ("alice", "secre"), ("bob", "secret"), ("eve", "secret")):
        assert door.knock(**plain(user, password)) == 400
    assert door.knock(**plain("alice", "secret")) == "in"


def test_curve(auth, make_door, keys, tmp_path):
    server, client, stranger = keys
    certify(tmp_path, "client", client.public)
    auth.configure_curve(domain="*", location=tmp_path)
    door = make_door(**server.as_server())
    assert door.knock(**client.as_client(server)) == "in"
    assert door.knock(**stranger.as_client(server)) == 400
    assert door.knock(**client.as_client(stranger)) == "cut off"  # it expects another server
    assert door.knock() == "cut off"  # by NULL
    assert door.knock(**client.as_client(server)) == "in"


def test_curve_callback(auth, make_door, keys):
    server, client, stranger = keys
    asked = []

    class Provider:
        def callback(self, domain, key):
            asked.append((domain, key))
            return key == client.public

    auth.configure_curve_callback(domain="*", credentials_provider=Provider())
    door = make_door(**server.as_server())
    assert door.knock(**client.as_client(server)) == "in"
    assert door.knock(**stranger.as_client(server)) == 400
    other = make_door(zap_domain=b"other", **server.as_server())
    assert other.knock(**client.as_client(server)) == "in"
    assert asked == [("*", client.public), ("*", stranger.public), ("other", client.public)]


def test_curve_callback_that_is_a_coroutine(auth, make_door, keys, request):
    server, client, stranger = keys
    if "trio" in request.node.callspec.id:
        from trio import sleep
    else:
        from asyncio import sleep

    class Provider:
        async def callback(self, domain, key):
            await sleep(0.001)
            return key == client.public

    auth.configure_curve_callback(domain="*", credentials_provider=Provider())
    door = make_door(**server.as_server())
    assert door.knock(**client.as_client(server)) == "in"
    assert door.knock(**stranger.as_client(server)) == 400


def test_a_callback_that_waits_does_not_hold_up_others(auth, make_door, keys, request):
    server, quick, slow = keys
    if "trio" in request.node.callspec.id:
        from trio import sleep
    else:
        from asyncio import sleep
    go_on, waiting = threading.Event(), threading.Event()

    class Provider:
        async def callback(self, domain, key):
            if key == slow.public:
                waiting.set()
                while not go_on.is_set():
                    await sleep(0.001)
            return True

    auth.configure_curve_callback(domain="*", credentials_provider=Provider())
    door = make_door(**server.as_server())
    client, monitor = door.client(**slow.as_client(server))
    assert waiting.wait(PATIENCE)
    assert door.knock(**quick.as_client(server)) == "in"
    go_on.set()
    assert outcome_of(monitor) == "in"
    client.disable_monitor()
    client.close()


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (KeyError("no"), 500),
        (SystemExit(3), 500),
        (TimeoutError(), "cut off"),
        (ConnectionError(), "cut off"),
    ],
)
def test_a_callback_that_fails(auth, make_door, keys, error, outcome, caplog):
    """Of status 300 a client is not told: libzmq cuts it off, perhaps only when the time for a handshake is up."""
    server, client, _ = keys

    class Provider:
        failing = True

        def callback(self, domain, key):
            if self.failing:
                raise error
            return True

    provider = Provider()
    auth.configure_curve_callback(domain="*", credentials_provider=provider)
    door = make_door(**server.as_server(), **({"handshake_ivl": 200} if outcome == "cut off" else {}))
    assert door.knock(**client.as_client(server)) == outcome
    assert type(error).__name__ in caplog.text
    provider.failing = False
    assert make_door(**server.as_server()).knock(**client.as_client(server)) == "in"


def test_a_client_that_is_to_try_again_gets_in_later(thread_auth, make_door, keys):
    server, client, _ = keys

    class Provider:
        calls = 0

        def callback(self, domain, key):
            self.calls += 1
            if self.calls < 3:
                raise TimeoutError
            return True

    provider = Provider()
    thread_auth.configure_curve_callback(domain="*", credentials_provider=provider)
    door = make_door(handshake_ivl=500, **server.as_server())
    patient, _ = door.client(**client.as_client(server), reconnect_ivl=1)
    door.serve(patient)
    assert provider.calls >= 3
    patient.disable_monitor()
    patient.close()


def test_frames_tell_who_sent_them(auth, make_door, keys):
    server, client, _ = keys
    auth.configure_plain(domain="*", passwords={"alice": "secret"})
    auth.configure_curve(domain="*", location=zmq.auth.CURVE_ALLOW_ANY)
    assert make_door(plain_server=1).frame_from(**plain("alice", "secret"))["User-Id"] == "alice"
    frame = make_door(**server.as_server()).frame_from(**client.as_client(server))
    assert frame["User-Id"] == client.public.decode()
    assert frame["Peer-Address"] == "127.0.0.1"
    assert make_door(zap_domain=b"any").frame_from()["User-Id"] == "anonymous"


def test_many_handshakes_at_once(auth, make_door, keys):
    server, *_ = keys
    clients = [Keys() for _ in range(60)]
    known = {client.public for client in clients[::2]}

    class Provider:
        async def callback(self, domain, key):
            return key in known

    auth.configure_curve_callback(domain="*", credentials_provider=Provider())
    door = make_door(backlog=100, **server.as_server())
    pairs = [door.client(**client.as_client(server)) for client in clients]
    assert [outcome_of(monitor) for _, monitor in pairs] == ["in", 400] * 30
    for socket, _ in pairs:
        socket.disable_monitor()
        socket.close()


# Policies


def test_a_revoked_key(thread_auth, make_door, keys, tmp_path):
    server, client, other = keys
    file = certify(tmp_path, "client", client.public)
    certify(tmp_path, "other", other.public)
    thread_auth.configure_curve("*", tmp_path)
    assert thread_auth.certs == {"*": {client.public: True, other.public: True}}
    door = make_door(**server.as_server())
    assert door.knock(**client.as_client(server)) == "in"
    file.unlink()
    thread_auth.configure_curve("*", tmp_path)
    assert door.knock(**client.as_client(server)) == 400
    assert door.knock(**other.as_client(server)) == "in"
    certify(tmp_path, "again", client.public)
    thread_auth.configure_curve("*", tmp_path)
    assert door.knock(**client.as_client(server)) == "in"


def test_without_the_directory_nobody_gets_in(thread_auth, make_door, keys, tmp_path, caplog):
    server, client, _ = keys
    certify(tmp_path, "client", client.public)
    thread_auth.configure_curve("*", tmp_path)
    thread_auth.configure_curve("*", tmp_path / "nowhere")
    assert "nowhere" in caplog.text
    assert make_door(**server.as_server()).knock(**client.as_client(server)) == 400


@pytest.mark.skipif(os.name != "posix", reason="makes a named pipe")
def test_bad_certificates_let_nobody_in(thread_auth, make_door, keys, tmp_path, caplog):
    server, client, stranger = keys
    certify(tmp_path, "client", client.public)
    bad = certify(tmp_path, "bad", stranger.public)
    bad.write_bytes(bad.read_bytes().replace(b"public", b"pub\xfflic"))
    os.mkfifo(tmp_path / "pipe.key")
    thread_auth.configure_curve("*", tmp_path)
    assert "bad.key" in caplog.text
    assert "pipe.key" in caplog.text
    door = make_door(**server.as_server())
    assert door.knock(**stranger.as_client(server)) == 400
    assert door.knock(**client.as_client(server)) == "in"


def test_the_last_configuration_of_a_domain_counts(thread_auth, make_door, keys, tmp_path):
    server, client, _ = keys

    class Nobody:
        def callback(self, domain, key):
            return False

    door = make_door(**server.as_server())
    for configure, outcome in (
        (lambda: thread_auth.configure_curve("*", zmq.auth.CURVE_ALLOW_ANY), "in"),
        (lambda: thread_auth.configure_curve("*", tmp_path), 400),
        (lambda: thread_auth.configure_curve("*", zmq.auth.CURVE_ALLOW_ANY), "in"),
        (lambda: thread_auth.configure_curve_callback("*", Nobody()), 400),
        (lambda: thread_auth.configure_curve("*", zmq.auth.CURVE_ALLOW_ANY), "in"),
    ):
        configure()
        assert door.knock(**client.as_client(server)) == outcome


def test_domains(thread_auth, make_door, keys):
    server, client, _ = keys
    thread_auth.configure_plain("kitchen", {"cook": "salt"})
    doors = {name: make_door(plain_server=1, zap_domain=name.encode()) for name in ("kitchen", "cellar")}
    doors[""] = make_door(plain_server=1)
    assert {name: door.knock(**plain("cook", "salt")) for name, door in doors.items()} == {
        "kitchen": "in",
        "cellar": 400,
        "": 400,
    }
    thread_auth.configure_plain("*", {"guest": "pepper"})
    assert {name: door.knock(**plain("guest", "pepper")) for name, door in doors.items()} == {
        "kitchen": 400,
        "cellar": "in",
        "": "in",
    }
    thread_auth.configure_curve("kitchen", zmq.auth.CURVE_ALLOW_ANY)
    for name, outcome in (("kitchen", "in"), ("cellar", 400)):
        door = make_door(zap_domain=name.encode(), **server.as_server())
        assert door.knock(**client.as_client(server)) == outcome


@pytest.mark.parametrize(
    ("addresses", "outcome"),
    [
        (["127.0.0.1"], "in"),
        (["192.0.2.1"], 400),
        (["192.0.2.1", "127.0.0.0/8"], "in"),
        (["10.0.0.0/8", "2001:db8::/32", "::1"], 400),
        (["::ffff:127.0.0.0/104"], "in"),
    ],
)
def test_allow(thread_auth, make_door, addresses, outcome):
    thread_auth.allow(*addresses)
    assert make_door(zap_domain=b"any").knock() == outcome


def test_allowed_addresses_still_need_the_password(thread_auth, make_door):
    thread_auth.allow("127.0.0.1")
    thread_auth.configure_plain("*", {"alice": "secret"})
    door = make_door(plain_server=1)
    assert door.knock(**plain("alice", "wrong")) == 400
    assert door.knock(**plain("alice", "secret")) == "in"


def test_an_ipv6_socket_sees_ipv4_addresses_as_such(thread_auth, make_door):
    try:
        door = make_door(zap_domain=b"any", endpoint="tcp://*:*", ipv6=1)
    except zmq.ZMQError:
        pytest.skip("this machine has no IPv6")
    door.endpoint = "tcp://127.0.0.1:" + door.endpoint.rpartition(":")[2]
    assert door.knock() == "in"
    thread_auth.deny("127.0.0.1")
    assert door.knock() == 400


def test_ipc_clients_have_no_address(thread_auth, make_door, tmp_path):
    door = make_door(zap_domain=b"any", endpoint=f"ipc://{tmp_path}/socket")
    assert door.knock() == "in"
    thread_auth.allow("0.0.0.0/0", "::/0")
    assert door.knock() == 400


def test_allow_and_deny_exclude_each_other(context):
    auth = zmq.auth.Authenticator(context)
    auth.allow()
    auth.deny("192.0.2.1")
    with pytest.raises(ValueError, match="deny"):
        auth.allow("192.0.2.2")
    auth = zmq.auth.Authenticator(context)
    auth.allow("192.0.2.1")
    with pytest.raises(ValueError, match="allow"):
        auth.deny("192.0.2.2")


@pytest.mark.parametrize(
    "address", ["localhost", "10.0.0.1/8", "300.1.1.1", "", "10.0.0.0/33", "::1/200", "fe80::1%eth0"]
)
def test_bad_addresses(context, address):
    with pytest.raises(ValueError, match=r"^addresses: "):
        zmq.auth.Authenticator(context).deny("192.0.2.1", address)


def test_bad_arguments(context):
    auth = zmq.auth.Authenticator(context)
    with pytest.raises(TypeError, match="addresses"):
        auth.allow(2130706433)
    with pytest.raises(TypeError, match="passwords"):
        auth.configure_plain("*", ["alice"])
    for provider in (None, lambda domain, key: True):
        with pytest.raises(TypeError, match="credentials_provider"):
            auth.configure_curve_callback("*", provider)
    auth.configure_gssapi()


def test_passwords_that_change(thread_auth, make_door):
    passwords = {}
    thread_auth.configure_plain("*", passwords)
    door = make_door(plain_server=1)
    assert door.knock(**plain("alice", "secret")) == 400
    passwords["alice"] = "secret"
    assert door.knock(**plain("alice", "secret")) == "in"
    thread_auth.configure_plain("*")
    assert door.knock(**plain("alice", "secret")) == 400


def test_passwords_that_are_none(thread_auth, make_door):
    thread_auth.configure_plain("*", {"alice": None, "bob": 7})
    door = make_door(plain_server=1)
    assert door.knock(**plain("alice", "None")) == 400
    assert door.knock(**plain("bob", "7")) == 500


def test_secrets_are_not_logged(thread_auth, make_door, caplog):
    caplog.set_level("DEBUG")
    thread_auth.configure_plain("*", {"alice": "the real one"})
    door = make_door(plain_server=1)
    assert door.knock(**plain("alice", "a guess")) == 400
    assert door.knock(**plain("alice", "the real one")) == "in"
    assert "127.0.0.1" in caplog.text
    assert "a guess" not in caplog.text
    assert "the real one" not in caplog.text


@needs_curve
def test_user_ids_and_metadata_of_ones_own(context, make_door):
    class Own(ThreadAuthenticator):
        def curve_user_id(self, client_public_key):
            return {client.public: "Grüße"}.get(z85.encode(client_public_key), "x" * 256)

        def zap_metadata(self, user_id, domain):
            return {"X-Role": f"{user_id} in {domain}", "X-Raw": b"raw"}

    server, client, other = Keys(), Keys(), Keys()
    with Own(context) as auth:
        auth.configure_curve("*", zmq.auth.CURVE_ALLOW_ANY)
        door = make_door(zap_domain=b"home", **server.as_server())
        frame = door.frame_from(**client.as_client(server))
        assert frame["User-Id"] == "Grüße"
        assert frame["X-Role"] == "Grüße in home"
        assert frame["X-Raw"] == "raw"
        assert door.knock(**other.as_client(server)) == 500  # the user id is too long


# Start and stop


def test_what_becomes_of_clients_without_an_authenticator(context, make_door, keys):
    """libzmq lets CURVE clients in when there is nobody to ask, unless ZAP_ENFORCE_DOMAIN tells it not to."""
    server, client, _ = keys
    enforcing = {"zap_enforce_domain": 1, "zap_domain": b"home"}
    with ThreadAuthenticator(context) as auth:
        open_door = make_door(**server.as_server())
        closed_door = make_door(**server.as_server(), **enforcing)
        plain_door = make_door(plain_server=1)
        assert open_door.knock(**client.as_client(server)) == 400
        assert closed_door.knock(**client.as_client(server)) == 400
        auth.configure_curve("home", zmq.auth.CURVE_ALLOW_ANY)
        assert closed_door.knock(**client.as_client(server)) == "in"
        auth.configure_plain("*", {"alice": "secret"})
        assert plain_door.knock(**plain("alice", "secret")) == "in"
    assert open_door.knock(**client.as_client(server)) == "in"
    assert closed_door.knock(**client.as_client(server)) == "cut off"
    assert plain_door.knock(**plain("alice", "secret")) != "in"
    auth.start()
    assert open_door.knock(**client.as_client(server)) == 400
    auth.stop()


def test_stop_and_start_again(context, make_door):
    auth = ThreadAuthenticator(context)
    auth.stop()
    door = make_door(plain_server=1)
    auth.configure_plain("*", {"alice": "secret"})
    for _ in range(3):
        assert not auth.is_alive()
        assert auth.zap_socket is None
        auth.start()
        assert auth.is_alive()
        assert door.knock(**plain("alice", "secret")) == "in"
        auth.stop()
        auth.stop()


def test_one_authenticator_for_each_context(context, thread_auth, raises_errno):
    for auth in (thread_auth, ThreadAuthenticator(context), zmq.auth.Authenticator(context)):
        with raises_errno(zmq.EADDRINUSE, match="zeromq.zap.01"):
            auth.start()
    assert thread_auth.is_alive()
    with zmq.Context() as other, ThreadAuthenticator(other):
        pass


def test_the_default_context():
    assert zmq.auth.Authenticator().context is zmq.Context.instance()
    assert AsyncioAuthenticator().context is zmq.Context.instance()
    zmq.Context.instance().term()


@pytest.mark.parametrize("kind", KINDS)
def test_the_context_can_be_terminated_under_an_authenticator(kind):
    for module in NEEDED.get(kind, ()):
        pytest.importorskip(module)
    context = zmq.Context()
    with KINDS[kind](context) as auth:
        context.term()
        assert context.closed
    assert not getattr(auth, "is_alive", bool)()


def test_a_context_that_is_destroyed(context):
    auth = ThreadAuthenticator(context)
    auth.start()
    thread = auth.thread
    context.destroy()
    thread.join(PATIENCE)
    assert not auth.is_alive()
    auth.stop()


def test_an_authenticator_that_is_never_stopped(run_python):
    code = """
        import sys
        import zmqbind as zmq
        from zmqbind.auth.thread import ThreadAuthenticator

        auth = ThreadAuthenticator(zmq.Context.instance())
        auth.start()
        print("done")
    """
    assert run_python(code) == "done\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_in_a_forked_child(run_python):
    code = """
        import os
        import zmqbind as zmq
        from zmqbind.auth.thread import ThreadAuthenticator

        context = zmq.Context()
        auth = ThreadAuthenticator(context)
        auth.start()
        child = os.fork()
        if child == 0:
            assert not auth.is_alive()
            auth.stop()
            own = zmq.Context()
            with ThreadAuthenticator(own) as auth:
                assert auth.is_alive()
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert auth.is_alive()
        auth.stop()
        context.term()
    """
    assert run_python(code, env={**os.environ, "PYTHONWARNINGS": "ignore::DeprecationWarning"}) == ""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_too_few_descriptors_to_start(run_python):
    """Wherever they run out, start raises, and another start is possible later."""
    code = """
        import asyncio
        import os
        import resource
        import zmqbind as zmq
        from zmqbind.auth.thread import ThreadAuthenticator

        asyncio.run(asyncio.sleep(0))  # loads what it needs
        context = zmq.Context()
        context.socket(zmq.PAIR).close()
        auth = ThreadAuthenticator(context)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        failed = 0
        for spare in range(12):
            resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) - 1 + spare, hard))
            try:
                auth.start()
            except (OSError, zmq.ZMQError):
                failed += 1
                assert not auth.is_alive()
                assert auth.zap_socket is None
            else:
                auth.stop()
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert 0 < failed < 12, failed
        with auth:
            assert auth.is_alive()
        context.term()
    """
    run_python(code, env={**os.environ, "PYTHONWARNINGS": "ignore::ResourceWarning"})


@pytest.mark.parametrize("patch", ["pass", "import gevent.monkey; gevent.monkey.patch_all()"], ids=["plain", "patched"])
def test_a_thread_beside_gevent(run_python, patch):
    pytest.importorskip("gevent")
    code = f"""
        {patch}
        import gevent
        import zmqbind.green as zmq
        from zmqbind.auth.thread import ThreadAuthenticator

        with gevent.Timeout(30), zmq.Context() as context, ThreadAuthenticator(context) as auth:
            auth.configure_plain("*", {{"alice": "secret"}})
            with context.socket(zmq.REP) as server, context.socket(zmq.REQ) as client:
                server.plain_server = True
                server.bind("tcp://127.0.0.1:*")
                client.plain_username, client.plain_password = b"alice", b"secret"
                client.connect(server.last_endpoint)
                client.send(b"question")
                print(server.recv(copy=False)["User-Id"])
    """
    assert run_python(code) == "alice\n"


def test_asyncio_loops(context, make_door):
    """In the loop that is given, or the current one; also outside of it."""
    auth = AsyncioAuthenticator(context)
    door = make_door(plain_server=1)
    auth.configure_plain("*", {"alice": "secret"})
    loop = asyncio.new_event_loop()
    auth = AsyncioAuthenticator(context, loop=loop)
    auth.configure_plain("*", {"alice": "secret"})
    auth.start()
    assert loop.run_until_complete(loop.run_in_executor(None, lambda: door.knock(**plain("alice", "secret")))) == "in"
    auth.stop()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


def test_an_asyncio_loop_that_is_closed(context):
    loop = asyncio.new_event_loop()
    auth = AsyncioAuthenticator(context, loop=loop)
    auth.start()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    auth.stop()
    assert auth.zap_socket is None
    with pytest.raises(RuntimeError, match="closed"):
        auth.start()
    assert auth.zap_socket is None
    with ThreadAuthenticator(context):
        pass  # nobody is bound any more where libzmq asks


def test_a_callback_that_is_cancelled_does_not_end_the_authenticator(auth, make_door, keys):
    """As one is that waits for a task of somebody else, who cancels it. Its client gets no answer; others do."""
    server, client, stranger = keys
    called = threading.Event()

    class Provider:
        def callback(self, domain, key):
            if key == stranger.public:
                called.set()
                raise asyncio.CancelledError
            return key == client.public

    auth.configure_curve_callback("*", Provider())
    door = make_door(**server.as_server())
    waiting, monitor = door.client(**stranger.as_client(server))
    assert called.wait(PATIENCE)
    assert door.knock(**client.as_client(server)) == "in"
    assert door.knock(**Keys().as_client(server)) == 400  # without an authenticator it would get in
    assert not monitor.poll(0)  # nobody has let it in
    waiting.disable_monitor()
    waiting.close()


def test_an_anyio_body_that_fails_says_so_plainly(context):
    anyio = pytest.importorskip("anyio")
    from zmqbind.auth.anyio import AnyioAuthenticator

    async def main():
        async with AnyioAuthenticator(context):
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        anyio.run(main)


def test_anyio_run_in_a_task_group(context, make_door):
    anyio = pytest.importorskip("anyio")
    from zmqbind.auth.anyio import AnyioAuthenticator

    async def main():
        auth = AnyioAuthenticator(context)
        auth.configure_plain("*", {"alice": "secret"})
        async with anyio.create_task_group() as group:
            await group.start(auth.run)
            door = make_door(plain_server=1)
            outcome = await anyio.to_thread.run_sync(lambda: door.knock(**plain("alice", "secret")))
            group.cancel_scope.cancel()
        assert auth.zap_socket is None
        return outcome

    assert anyio.run(main) == "in"
