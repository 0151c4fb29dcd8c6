"""Soak: `python tests/soak [SECONDS]`. Mixed traffic over a bad link, between peers that are killed and restarted.

Every message is accounted for; see docs/testing-stress.md. The exit status is 1 if something was lost, doubled, late
or has grown that should not. Where the link cannot be made (not root, no namespaces) it says so and exits with 0.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from accounts import Record, fan_out, grown, questions, restarted_consumer, restarted_producer
from link import Link, Unavailable
from table import print_table

DELAY, JITTER, LOSS = 20, 5, 0.01
PATIENCE = 60


class Peer:
    """A process of the soak, which may be killed and started again under the same name."""

    def __init__(self, link, logs, name, end, role, port):
        bound = end if role.startswith("bind") else 1 - end
        self.name = name
        self._command = [*link.command_in(end), sys.executable, str(Path(__file__).with_name("peer.py")), role]
        self._endpoint = f"tcp://{link.addresses[bound]}:{port}"
        self._logs = logs
        self.incarnations = 0
        self.process = None

    def start(self):
        log = self._log(self.incarnations)
        command = [*self._command, str(self.incarnations), str(log), self._endpoint]
        with open(log.with_suffix(".err"), "wb") as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=errors, stderr=errors)
        self.incarnations += 1

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()

    def finish(self):
        """Ask it to end in order. Returns what went wrong."""
        self.process.stdin.close()
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return f"{self.name} did not end within {PATIENCE} s"
        return f"{self.name} ended with status {status}" if status else None

    def _log(self, incarnation):
        return self._logs / f"{self.name}.{incarnation}"

    def records(self):
        return [Record.read(self._log(incarnation)) for incarnation in range(self.incarnations)]

    def errors(self):
        texts = (self._log(i).with_suffix(".err").read_text() for i in range(self.incarnations))
        return [f"{self.name}: {text.strip()}" for text in texts if text.strip()]


def disturb(killable, until):
    """Kill one after the other, and start it again a moment later; all are alive in the end."""
    while time.monotonic() < until:
        time.sleep(random.uniform(0.5, 3))
        peer = random.choice(killable)
        if peer.process.poll() is None:
            peer.kill()
            time.sleep(random.uniform(0, 1.5))
            peer.start()


def settle(consumers):
    """Wait until no more messages arrive."""
    deadline = time.monotonic() + PATIENCE
    before, since = None, time.monotonic()
    while time.monotonic() < deadline and time.monotonic() - since < 3:
        now = [consumer.records()[-1].received for consumer in consumers]
        if now != before:
            before, since = now, time.monotonic()
        time.sleep(0.5)


def soak(link, logs, seconds):
    """Run the traffic. Returns the rows of the table, and the problems."""

    def peer(name, end, role, port):
        return Peer(link, logs, name, end, role, port)

    steady = peer("steady push", 0, "connect-push", 7001), peer("steady pull", 1, "bind-pull", 7001)
    restarted = peer("push", 0, "connect-push", 7002), peer("restarted pull", 1, "bind-pull", 7002)
    fan = peer("fan-out push", 0, "bind-push", 7003), [peer(f"pull {i}", 1, "connect-pull", 7003) for i in range(2)]
    producer = peer("restarted push", 0, "connect-push", 7004), peer("pull", 1, "bind-pull", 7004)
    question = peer("req", 0, "connect-req", 7005), peer("rep", 1, "bind-rep", 7005)
    killable = [restarted[1], *fan[1], producer[0], question[1]]
    sources = [steady[0], restarted[0], fan[0], producer[0], question[0]]
    consumers = [steady[1], restarted[1], *fan[1], producer[1]]
    peers = [*sources, *consumers, question[1]]
    started = time.monotonic()
    try:
        for each in peers:
            each.start()
        disturb(killable, started + 0.85 * seconds)
        time.sleep(max(0, started + seconds - time.monotonic()))
        problems = [problem for problem in (each.finish() for each in sources) if problem]
        settle(consumers)
    finally:
        for each in peers:
            if each.process is not None and each.process.poll() is None:
                each.kill()
    accounts = [
        restarted_consumer("PUSH/PULL, nobody killed", steady[0].records()[0], steady[1].records()),
        restarted_consumer("PUSH/PULL, PULL killed", restarted[0].records()[0], restarted[1].records()),
        fan_out("PUSH/2 PULL, PULLs killed", fan[0].records()[0], [each.records() for each in fan[1]]),
        restarted_producer("PUSH/PULL, PUSH killed", producer[0].records(), producer[1].records()[0]),
        questions("REQ/REP, REP killed", question[0].records()[0], question[1].records()),
    ]
    growths = [grown(each.records()[-1]) for each in peers if each.incarnations == 1]
    for each in peers:
        problems += each.errors()
        problems += [f"{each.name} {wrong}" for *_, wrong in map(grown, each.records()) if wrong]
    problems += [f"{account.name}: {problem}" for account in accounts for problem in account.problems]
    return accounts, growths, problems


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 600.0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the namespaces are removed
    try:
        with Link(DELAY, JITTER, LOSS) as link, tempfile.TemporaryDirectory(prefix="zmqbind-soak-") as logs:
            way = f"{DELAY} ± {JITTER} ms and {LOSS:.0%} loss each way ({link.kind})"
            print(f"{seconds:.0f} s of traffic between two network namespaces, {way}", flush=True)
            accounts, growths, problems = soak(link, Path(logs), seconds)
    except Unavailable as reason:
        print(f"soak skipped: {reason}")
        return 0
    print_table(
        ["stream", "kills", "sent", "received", "lost", ""],
        [[a.name, a.kills, a.sent, a.received, a.lost, a.remark] for a in accounts],
    )
    memory = max(growth[0] for growth in growths)
    descriptors = max(growth[1] for growth in growths)
    print(f"{len(growths)} processes lived from the beginning: memory grew by at most {memory} KB, descriptors by")
    print(f"at most {descriptors}, from the second quarter of the time to the last")
    for problem in problems:
        print("PROBLEM", problem)
    print("failed" if problems else "passed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
