"""Where every message of the soak went, from the logs of its peers."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from itertools import pairwise

import peer

# What may be on its way to a peer when that is killed: the queues of both sides, the kernel's buffers (which it makes
# twice as large as asked for), and what was received but not yet written to the log.
ON_THE_WAY = 2 * peer.HIGH_WATER_MARK + 4 * peer.BUFFER // peer.MESSAGE + 2 * peer.BATCH
KILOBYTES = 3_000  # resident memory may grow by this much
DESCRIPTORS = 2  # a connection that is just being made or closed
LONGEST = 20.0  # seconds that a question may take, with the server killed once or twice meanwhile


@dataclass
class Record:
    """The log of one incarnation of a peer."""

    ranges: list[tuple[int, int, int]] = field(default_factory=list)  # sender's incarnation, first, last
    sent: int | None = None
    replies: list[tuple[int, float]] = field(default_factory=list)
    late: int = 0
    wrong: list[str] = field(default_factory=list)
    resident: list[int] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)

    @classmethod
    def read(cls, path):
        record = cls()
        for line in path.read_text().splitlines() if path.exists() else []:
            word, *rest = line.split()
            if word == "process":
                record.resident.append(int(rest[0]))
                record.descriptors.append(int(rest[1]))
            elif word == "sent":
                record.sent = int(rest[0])
            elif word == "reply":
                record.replies.append((int(rest[0]), float(rest[1])))
            elif word == "late":
                record.late += 1
            elif word == "wrong":
                record.wrong.append(line)
            else:
                record.ranges.append((int(word.rstrip(":")), int(rest[0]), int(rest[1])))
        return record

    @property
    def received(self):
        return sum(last - first + 1 for _, first, last in self.ranges)


@dataclass
class Account:
    """The result for one stream: a row of the table."""

    name: str
    kills: int
    sent: int = 0
    received: int = 0
    lost: int = 0
    remark: str = ""
    problems: list[str] = field(default_factory=list)


def in_order(account, ranges):
    """Check that ranges go up and do not overlap. Returns the gaps between them."""
    gaps = 0
    for (_, _, before), (_, first, last) in pairwise(ranges):
        if first <= before or last < first:
            account.problems.append(f"{first} to {last} came after {before}: doubled or out of order")
        gaps += first - before - 1
    return gaps


def restarted_consumer(name, producer, consumers):
    """One PUSH that outlives its PULL: only what was on the way to a killed one is lost; nothing, if none was."""
    account = Account(name, len(consumers) - 1, producer.sent or 0, sum(record.received for record in consumers))
    account.lost = account.sent - account.received
    for record in consumers:
        if in_order(account, record.ranges):
            account.problems.append("lost within a connection")
    ranges = [range_ for record in consumers for range_ in record.ranges]
    in_order(account, ranges)
    if not ranges or ranges[-1][2] != account.sent - 1:
        account.problems.append(f"the last messages before {account.sent} did not arrive")
    return bounded(account)


def fan_out(name, producer, consumers):
    """One PUSH for several PULLs that are killed; consumers: of each, the records of its incarnations."""
    records = [record for incarnations in consumers for record in incarnations]
    account = Account(name, len(records) - len(consumers), producer.sent or 0)
    account.received = sum(record.received for record in records)
    account.lost = account.sent - account.received
    for record in records:
        in_order(account, record.ranges)
    account.problems += [
        f"{first} came twice"
        for (_, _, before), (_, first, _) in pairwise(sorted(range_ for record in records for range_ in record.ranges))
        if first <= before
    ][:5]
    return bounded(account)


def restarted_producer(name, producers, consumer):
    """A PULL that outlives its PUSH: of each incarnation it gets all up to some message; of the last, all."""
    account = Account(name, len(producers) - 1)
    account.received = consumer.received
    for incarnation, record in enumerate(producers):
        ranges = [range_ for range_ in consumer.ranges if range_[0] == incarnation]
        if (ranges and ranges[0][1] != 0) or in_order(account, ranges):
            account.problems.append(f"incarnation {incarnation}: something is missing between what arrived")
        if record.sent is not None:
            account.sent = record.sent
            if not ranges or ranges[-1][2] != record.sent - 1:
                account.problems.append(f"incarnation {incarnation}: {record.sent} sent, not all arrived")
    account.sent = account.received
    account.remark = "a killed sender tells no count: received without a gap"
    return account


def bounded(account):
    if account.lost > account.kills * ON_THE_WAY or account.lost < 0:
        account.problems.append(f"lost {account.lost}, at most {account.kills} x {ON_THE_WAY} is explained")
    account.remark = f"{account.lost / account.kills:.0f} a kill, at most {ON_THE_WAY}" if account.kills else ""
    return account


def questions(name, client, servers):
    """REQ/REP: every question was answered, in order, with its own answer."""
    account = Account(name, len(servers) - 1, len(client.replies), len(client.replies))
    account.problems += client.wrong[:5]
    if [number for number, _ in client.replies] != list(range(len(client.replies))):
        account.problems.append("a question was not answered, or twice")
    longest = max((seconds for _, seconds in client.replies), default=LONGEST)
    if longest >= LONGEST:
        account.problems.append(f"a question took {longest:.1f} s")
    account.remark = f"{client.late} asked again, longest {longest:.1f} s"
    return account


def grown(record):
    """Growth in kilobytes and descriptors from the second quarter of a process's life to the last, and what is wrong
    with that.
    """
    quarter = len(record.resident) // 4
    if quarter < 2:
        return 0, 0, None
    early, late = slice(quarter, 2 * quarter), slice(-quarter, None)
    memory = round(statistics.median(record.resident[late]) - statistics.median(record.resident[early]))
    descriptors = round(statistics.median(record.descriptors[late]) - statistics.median(record.descriptors[early]))
    wrong = memory > KILOBYTES or descriptors > DESCRIPTORS
    return memory, descriptors, f"grew by {memory} KB and {descriptors} descriptors" if wrong else None
