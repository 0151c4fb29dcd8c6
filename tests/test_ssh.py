"""Tunnels through a real SSH server on this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time

import psutil
import pytest
from ssh_server import PASSPHRASE, SSHServer

import zmqbind as zmq
from zmqbind import ssh

PATIENCE = 30  # seconds; nothing here takes as long

pytestmark = pytest.mark.skipif(os.name != "posix", reason="runs an SSH server as another user")


@pytest.fixture(scope="module")
def server():
    server = SSHServer()
    yield server
    server.close()


@pytest.fixture(params=["openssh", "paramiko"])
def kind(request, server, monkeypatch):
    """Arguments that choose who makes the tunnel, with nothing of the user's."""
    if request.param == "openssh":
        return {"paramiko": False, "options": server.options}
    pytest.importorskip("paramiko")
    monkeypatch.setenv("HOME", str(server.directory))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return {"paramiko": True}


@pytest.fixture
def echo(make_socket):
    """The endpoint of a REP socket, and a function that has a socket that is connected there answered."""
    answering = make_socket(zmq.REP, rcvtimeo=PATIENCE * 1000)
    answering.bind("tcp://127.0.0.1:*")

    def ask(asking, message=b"question"):
        asking.rcvtimeo = PATIENCE * 1000
        asking.send(message)
        answering.send(answering.recv()[::-1])
        return asking.recv() == message[::-1]

    return answering.last_endpoint.decode(), ask


def is_free(port):
    """Whether nobody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def test_tunnel_connection(server, kind, echo, make_socket):
    endpoint, ask = echo
    asking = make_socket(zmq.REQ)
    with ssh.tunnel_connection(asking, endpoint, server.address, keyfile=server.key, **kind) as tunnel:
        assert tunnel.is_open
        for message in (b"x", b"y" * 1_000_000):
            assert ask(asking, message)
        assert server.address in repr(tunnel)
        assert asking.last_endpoint == f"tcp://127.0.0.1:{tunnel.lport}".encode()
    assert not tunnel.is_open
    assert is_free(tunnel.lport)
    tunnel.close()  # once more
    assert "closed" in repr(tunnel)


def test_open_tunnel_to_another_host(server, kind, echo, make_socket):
    """The address is one that the server sees."""
    endpoint, ask = echo
    addr = endpoint.replace("127.0.0.1", "localhost")
    url, tunnel = ssh.open_tunnel(addr, server.address, keyfile=server.key, **kind)
    with tunnel:
        assert (tunnel.remoteip, tunnel.rport) == ("localhost", int(endpoint.rpartition(":")[2]))
        first, second = make_socket(zmq.REQ), make_socket(zmq.REQ)
        for asking in (first, second):
            asking.connect(url)
            assert ask(asking)


def make(kind, lport, server, **options):
    """A tunnel from a port of choice."""
    if kind["paramiko"]:
        return ssh.paramiko_tunnel(lport, 1, server, **options)
    return ssh.openssh_tunnel(lport, 1, server, options=kind["options"], **options)


def test_local_port_in_use(server, kind):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ssh.TunnelError, match="Address already in use") as caught:
            make(kind, port, server.address, keyfile=server.key)
    assert caught.value.port_in_use
    assert str(port) in str(caught.value)


def test_a_port_that_is_taken_meanwhile(server, kind, echo, make_socket, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = [[taken.getsockname()[1]], ssh.select_random_ports(1)]
        monkeypatch.setattr("zmqbind.ssh.tunnel.select_random_ports", lambda n: found.pop(0))
        with ssh.open_tunnel(echo[0], server.address, keyfile=server.key, **kind)[1] as tunnel:
            assert tunnel.lport != taken.getsockname()[1]
    assert found == []


def test_wrong_key(server, kind):
    (port,) = ssh.select_random_ports(1)
    with pytest.raises(ssh.TunnelError, match=r"Permission denied|Authentication failed") as caught:
        make(kind, port, server.address, keyfile=server.stranger)
    assert not caught.value.port_in_use
    assert server.address in str(caught.value)
    assert is_free(port)


def test_missing_key(server, kind):
    with pytest.raises(ssh.TunnelError, match="no-such-key"):
        make(kind, ssh.select_random_ports(1)[0], server.address, keyfile="/no-such-key")


@pytest.mark.parametrize("password", [None, "$(x)' \\"])
def test_passphrase_that_is_missing_or_wrong(server, kind, password):
    """Nobody is asked for it."""
    with pytest.raises(ssh.TunnelError):
        make(kind, ssh.select_random_ports(1)[0], server.address, keyfile=server.locked, password=password)


def test_passphrase(server, kind, echo, make_socket):
    endpoint, ask = echo
    asking = make_socket(zmq.REQ)
    options = {"keyfile": server.locked, "password": PASSPHRASE, **kind}
    with ssh.tunnel_connection(asking, endpoint, server.address, **options):
        assert ask(asking)
    assert PASSPHRASE not in os.environ.values()


def test_unknown_host(server, kind, monkeypatch, tmp_path):
    if kind["paramiko"]:
        monkeypatch.setenv("HOME", str(tmp_path))
    else:
        kind["options"] = server.client_options(tmp_path / "unknown")
    # With a password, too, which is no answer to the question whether to trust the host.
    for password in (None, "yes"):
        with pytest.raises(ssh.TunnelError, match=r"Host key verification failed|not found in known_hosts"):
            make(kind, ssh.select_random_ports(1)[0], server.address, keyfile=server.key, password=password)


def test_server_that_is_not_there(server, kind):
    here, there = ssh.select_random_ports(2)
    with pytest.raises(ssh.TunnelError, match=r"refused|Unable to connect"):
        make(kind, here, f"nobody@127.0.0.1:{there}", keyfile=server.key)


def test_server_that_says_nothing(server, kind):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"nobody@127.0.0.1:{silent.getsockname()[1]}"
        (here,) = ssh.select_random_ports(1)
        with pytest.raises(ssh.TunnelError, match=f"no connection to {address}"):
            make(kind, here, address, keyfile=server.key, timeout=0.3)
        assert is_free(here)


def test_try_passwordless_ssh(server, kind):
    assert ssh.try_passwordless_ssh(server.address, server.key, **kind)
    assert not ssh.try_passwordless_ssh(server.address, server.stranger, **kind)
    assert not ssh.try_passwordless_ssh(server.address, server.locked, **kind)


def test_nobody_listens_at_the_other_end(server, kind):
    (nobody,) = ssh.select_random_ports(1)
    url, tunnel = ssh.open_tunnel(f"tcp://127.0.0.1:{nobody}", server.address, keyfile=server.key, **kind)
    with tunnel, socket.create_connection(("127.0.0.1", tunnel.lport), PATIENCE) as connection:
        assert connection.recv(1) == b""
        assert tunnel.is_open
    assert url == f"tcp://127.0.0.1:{tunnel.lport}"


def test_server_that_ends(kind, echo, make_socket):
    """The tunnel tells."""
    endpoint, ask = echo
    asking = make_socket(zmq.REQ)
    server = SSHServer()
    try:
        if kind["paramiko"]:
            os.environ["HOME"] = str(server.directory)  # put back by the fixture
        else:
            kind["options"] = server.options
        tunnel = ssh.tunnel_connection(asking, endpoint, server.address, keyfile=server.key, **kind)
        assert ask(asking)  # so the server has forked its last process
        for child in psutil.Process(server.process.pid).children(recursive=True):
            child.kill()
    finally:
        server.close()
    with tunnel:
        deadline = time.monotonic() + PATIENCE
        while tunnel.is_open:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_socket_that_cannot_connect(server, kind, make_socket, echo):
    closed = make_socket(zmq.REQ)
    closed.close()
    with pytest.raises(zmq.ZMQError):
        ssh.tunnel_connection(closed, echo[0], server.address, keyfile=server.key, **kind)
    children = psutil.Process().children(recursive=True)
    assert "ssh" not in [child.name() for child in children if child.status() != psutil.STATUS_ZOMBIE]


PROGRAM = """
import sys
from zmqbind import ssh
lport, address, key, *options = sys.argv[1:]
ssh.openssh_tunnel(int(lport), 1, address, keyfile=key, options=options)
print("open")
sys.stdin.readline()
"""


@pytest.mark.parametrize("killed", [False, True])
def test_tunnels_end_with_the_process(server, start_python, killed):
    """Also when nobody has kept a reference, and when the process is killed."""
    (port,) = ssh.select_random_ports(1)
    child = start_python(PROGRAM, port, server.address, server.key, *server.options)
    assert child.stdout.readline() == "open\n"
    processes = psutil.Process(child.pid).children(recursive=True)
    assert "ssh" in [process.name() for process in processes]
    assert not is_free(port)
    if killed:
        child.kill()
    child.communicate("\n", timeout=PATIENCE)
    psutil.wait_procs(processes, PATIENCE)
    assert [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []
    assert is_free(port)


def test_a_forked_process_leaves_the_tunnel_alone(server, start_python):
    program = (
        PROGRAM
        + "\nimport os\nif os.fork() == 0:\n    sys.exit()\nos.wait()\nprint('child gone')\nsys.stdin.readline()"
    )
    (port,) = ssh.select_random_ports(1)
    child = start_python(program, port, server.address, server.key, *server.options)
    assert child.stdout.readline() == "open\n"
    child.stdin.write("\n")
    child.stdin.flush()
    assert child.stdout.readline() == "child gone\n"
    assert not is_free(port)
    child.communicate("\n", timeout=PATIENCE)
    assert is_free(port)


def test_a_program_with_many_descriptors(server, kind, echo, make_socket):
    """Those above 1023 are none for select()."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 1500:
        pytest.skip("not allowed that many")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1500), hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        endpoint, ask = echo
        asking = make_socket(zmq.REQ)
        with ssh.tunnel_connection(asking, endpoint, server.address, keyfile=server.key, **kind):
            assert ask(asking)
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_an_ssh_that_does_not_obey_is_killed(server, monkeypatch):
    monkeypatch.setattr("zmqbind.ssh._openssh.ENDING", 0.1)
    before = set(psutil.Process().children(recursive=True))
    (port,) = ssh.select_random_ports(1)
    tunnel = ssh.openssh_tunnel(port, 1, server.address, keyfile=server.key, options=server.options)
    started = set(psutil.Process().children(recursive=True)) - before
    (client,) = [process for process in started if process.name() == "ssh"]
    client.suspend()
    try:
        tunnel.close()
        assert psutil.wait_procs([client], PATIENCE)[0]
    finally:
        if client.is_running():
            client.kill()
    assert is_free(port)


def test_without_ssh(server, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ssh.TunnelError, match="ssh"):
        ssh.openssh_tunnel(ssh.select_random_ports(1)[0], 1, server.address, keyfile=server.key)


def test_ports_differ():
    ports = ssh.select_random_ports(20)
    assert len(set(ports)) == 20
    assert all(map(is_free, ports))


@pytest.mark.parametrize(
    ("addr", "server", "culprit"),
    [
        ("ipc:///x", "host", "ipc:///x"),
        ("tcp://host", "host", "tcp://host"),
        ("tcp://host:*", "host", r"\*"),
        ("tcp://host:99999", "host", "99999"),
        ("tcp://127.0.0.1:1", "user@host:ssh", "ssh"),
        ("tcp://127.0.0.1:1", "-oProxyCommand=x", "ProxyCommand"),
        ("tcp://127.0.0.1:1", "user@", "user@"),
        ("tcp://127.0.0.1:1", "-l@host", "-l@host"),
    ],
)
@pytest.mark.parametrize("paramiko", [False, True])
def test_bad_addresses(addr, server, culprit, paramiko):
    if paramiko:
        pytest.importorskip("paramiko")
    with pytest.raises(ValueError, match=culprit):
        ssh.open_tunnel(addr, server, paramiko=paramiko)


def test_without_paramiko():
    code = "import sys; sys.modules['paramiko'] = None; import zmqbind.ssh as s; s.paramiko_tunnel(1, 1, 'host')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE)
    assert "ImportError" in done.stderr or "ModuleNotFoundError" in done.stderr
