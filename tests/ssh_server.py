"""An OpenSSH server for the tests: unprivileged, on a port of 127.0.0.1, with keys and configuration of its own."""

from __future__ import annotations

import getpass
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

from zmqbind.ssh import select_random_ports

UNPACKED = pathlib.Path(__file__).parent.parent / "build" / "sshd"  # by tools/sshd.sh
PASSPHRASE = "open sesame"


def _find_server():
    """The server, and the environment and settings that it needs."""
    found = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    if found:
        return found, {}, []
    found = UNPACKED / "usr" / "sbin" / "sshd"
    if not found.exists():
        pytest.skip("no sshd; make test gets it")
    libraries = ":".join(str(path.parent) for path in UNPACKED.glob("usr/lib/*/libwrap.so.0"))
    # Since OpenSSH 9.8 the server runs programs of its own.
    parts = {"SshdSessionPath": "sshd-session", "SshdAuthPath": "sshd-auth"}
    programs = {setting: UNPACKED / "usr" / "lib" / "openssh" / name for setting, name in parts.items()}
    settings = [f"{setting} {path}" for setting, path in programs.items() if path.exists()]
    return str(found), {"LD_LIBRARY_PATH": libraries}, settings


class SSHServer:
    """A running server. `address` is as the tunnels want it; `key` is authorised, `stranger` is not, and `locked` is,
    but has a passphrase.
    """

    def __init__(self):
        if shutil.which("ssh") is None:
            pytest.skip("no ssh")
        program, environment, settings = _find_server()
        # Only root can run sshd for others; what runs here is to be unprivileged.
        self.user = "nobody" if os.getuid() == 0 else getpass.getuser()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="zmqbind-sshd-"))
        self.directory.chmod(0o711)
        self.key, self.stranger, self.locked = (self._make_key(name) for name in ("key", "stranger", "locked"))
        host_key = self._make_key("host")
        authorized = self.directory / "authorized_keys"
        authorized.write_text("".join(self._public(key) for key in (self.key, self.locked)))
        if os.getuid() == 0:
            shutil.copy(program, self.directory / "sshd")  # where others may read it
            program = str(self.directory / "sshd")
            os.chown(host_key, *self._ids())
            self._share_libraries(environment)
        (self.port,) = select_random_ports(1)
        self.address = f"{self.user}@127.0.0.1:{self.port}"
        settings += [
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {host_key}",
            f"AuthorizedKeysFile {authorized}",
            "PidFile none",
            "StrictModes no",
            "UsePAM yes",  # without it accounts that have no password count as locked
            "PasswordAuthentication yes",
            "KbdInteractiveAuthentication no",
        ]
        version = subprocess.run(["ssh", "-V"], capture_output=True, text=True).stderr
        major, minor = map(int, re.search(r"OpenSSH_(\d+)\.(\d+)", version).groups())
        if (major, minor) >= (9, 8):
            settings.append("PerSourcePenalties no")  # the tests fail to log in on purpose
        configuration = self.directory / "sshd_config"
        configuration.write_text("\n".join(settings) + "\n")
        user = {"user": self.user, "group": self._ids()[1], "extra_groups": []} if os.getuid() == 0 else {}
        self.process = subprocess.Popen(
            [program, "-D", "-e", "-f", str(configuration)],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment},
            text=True,
            **user,
        )
        said = self.process.stderr.readline()
        if "Server listening" not in said:
            self.close()
            pytest.skip(f"sshd does not run here: {said}")
        self.known_hosts = self.directory / ".ssh" / "known_hosts"
        self.known_hosts.parent.mkdir()
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {self._public(host_key)}")
        self.options = self.client_options(self.known_hosts)

    def client_options(self, known_hosts):
        """Arguments for ssh, so that it uses nothing of the user's."""
        configuration = self.directory / f"config-{known_hosts.name}"
        lines = [f"UserKnownHostsFile {known_hosts}", "GlobalKnownHostsFile none", "IdentityAgent none"]
        configuration.write_text("\n".join([*lines, "StrictHostKeyChecking ask", "IdentityFile none"]) + "\n")
        return ["-F", str(configuration)]

    def _make_key(self, name):
        path = self.directory / name
        passphrase = PASSPHRASE if name == "locked" else ""
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(path)], check=True)
        return str(path)

    @staticmethod
    def _public(key):
        return pathlib.Path(f"{key}.pub").read_text()

    def _ids(self):
        import pwd

        entry = pwd.getpwnam(self.user)
        return entry.pw_uid, entry.pw_gid

    def _share_libraries(self, environment):
        """Copy the libraries that were unpacked to where everybody may read them."""
        for directory in filter(None, environment.get("LD_LIBRARY_PATH", "").split(":")):
            for library in pathlib.Path(directory).glob("libwrap.so.*"):
                shutil.copy(library, self.directory)
                environment["LD_LIBRARY_PATH"] = str(self.directory)

    def close(self):
        with self.process as process:
            process.kill()
        shutil.rmtree(self.directory)
