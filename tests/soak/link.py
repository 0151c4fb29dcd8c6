"""Two network namespaces joined by a link with latency and loss.

`tc netem` makes the link where the kernel has it. Where it has not, the namespaces get a TUN device each, and a thread
here passes their packets on, late, and some of them never.
"""

from __future__ import annotations

import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import threading
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
ADDRESSES = "10.213.77.1", "10.213.77.2"


class Unavailable(Exception):
    """This machine cannot make such a link; says why."""


def run(*command):
    subprocess.run(command, check=True, capture_output=True, text=True)


def works(*command):
    return subprocess.run(command, capture_output=True).returncode == 0


class Link:
    """`namespaces`: two names; `addresses`: what their ends of the link are called."""

    def __init__(self, delay, jitter, loss):
        """delay, jitter: milliseconds one way; loss: part of the packets that are lost each way, 0 to 1."""
        self.delay, self.jitter, self.loss = delay, jitter, loss
        self.namespaces = [f"zmqbind-soak-{os.getpid()}-{end}" for end in "ab"]
        self.addresses = ADDRESSES
        self.kind = "none"
        self._devices = []
        self._running = True
        self._thread = None

    def __enter__(self):
        if os.geteuid() != 0:
            raise Unavailable("not root: network namespaces cannot be made")
        try:
            for namespace in self.namespaces:
                run("ip", "netns", "add", namespace)
            if self._join_by_netem():
                self.kind = "netem"
            else:
                self._join_by_tun()
                self.kind = "TUN devices"
            for namespace in self.namespaces:
                run("ip", "-n", namespace, "link", "set", "lo", "up")
        except FileNotFoundError as error:
            self.__exit__()
            raise Unavailable(f"{error.filename} is missing") from None
        except subprocess.CalledProcessError as error:
            self.__exit__()
            raise Unavailable(f"{' '.join(error.cmd)}: {error.stderr.strip()}") from None
        return self

    def __exit__(self, *exc_info):
        self._running = False
        if self._thread is not None:
            self._thread.join()
        for device in self._devices:
            os.close(device)
        self._devices.clear()
        for namespace in self.namespaces:
            works("ip", "netns", "del", namespace)

    def command_in(self, end):
        """What to put before a command that is to run at one end of the link, 0 or 1."""
        return ["ip", "netns", "exec", self.namespaces[end]]

    def _set_up(self, end, device):
        namespace = self.namespaces[end]
        peer = ADDRESSES[1 - end]
        run("ip", "-n", namespace, "address", "add", ADDRESSES[end], "peer", peer, "dev", device)
        run("ip", "-n", namespace, "link", "set", device, "up")

    def _join_by_netem(self):
        a, b = self.namespaces
        if not works("ip", "link", "add", "soak", "netns", a, "type", "veth", "peer", "name", "soak", "netns", b):
            return False
        netem = ["netem", "delay", f"{self.delay}ms", f"{self.jitter}ms", "loss", f"{100 * self.loss}%"]
        for end, namespace in enumerate(self.namespaces):
            if not works("tc", "-n", namespace, "qdisc", "add", "dev", "soak", "root", *netem):
                run("ip", "-n", a, "link", "del", "soak")
                return False
            self._set_up(end, "soak")
        return True

    def _join_by_tun(self):
        if not os.path.exists("/dev/net/tun"):
            raise Unavailable("neither netem nor /dev/net/tun is there")
        for end in range(2):
            device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            self._devices.append(device)
            name = f"soak{os.getpid()}{'ab'[end]}"
            fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22s", name.encode(), IFF_TUN | IFF_NO_PI, b""))
            run("ip", "link", "set", name, "netns", self.namespaces[end])
            self._set_up(end, name)
        self._thread = threading.Thread(target=self._pass_packets)
        self._thread.start()

    def _pass_packets(self):
        """Packets keep their order in each direction, as on a wire."""
        waiting = []  # (time, number, device, packet)
        last = dict.fromkeys(self._devices, 0.0)
        number = 0
        while self._running:
            now = time.monotonic()
            while waiting and waiting[0][0] <= now:
                _, _, device, packet = heapq.heappop(waiting)
                try:
                    os.write(device, packet)
                except OSError:  # its queue is full: one more packet is lost
                    pass
            wait = min(waiting[0][0] - now, 0.1) if waiting else 0.1
            for device in select.select(self._devices, [], [], wait)[0]:
                packet = os.read(device, 65536)
                if random.random() < self.loss:
                    continue
                other = self._devices[1 - self._devices.index(device)]
                due = time.monotonic() + (self.delay + random.uniform(-self.jitter, self.jitter)) / 1000
                last[other] = due = max(due, last[other])
                number += 1
                heapq.heappush(waiting, (due, number, other, packet))
