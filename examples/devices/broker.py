"""Pass requests and replies between clients and workers in a process of its own, and show what passes, until Ctrl-C.

The clients and workers are those of ../router_dealer.

Usage: broker.py [interface]
"""

import sys

import zmqbind as zmq
from zmqbind.devices import ProcessMonitoredQueue


def main() -> None:
    interface = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1"
    device = ProcessMonitoredQueue(zmq.ROUTER, zmq.DEALER)
    print(f"Clients on {interface}:{device.bind_in_to_random_port(interface)}")
    print(f"Workers on {interface}:{device.bind_out_to_random_port(interface)}")
    monitor_endpoint = f"{interface}:{device.bind_mon_to_random_port(interface)}"
    try:
        # Returns when the sockets of the device are bound, and raises if they cannot be.
        device.start()
        with zmq.Context() as context, context.socket(zmq.SUB) as monitor:
            monitor.subscribe(b"")
            monitor.connect(monitor_endpoint)
            print("Watching")
            for number, frames in enumerate(iter(monitor.recv_multipart, None), 1):
                direction, text = frames[0].decode(), frames[-1].decode()
                print(f"{number}: {'request' if direction == 'in' else 'reply'} {text!r}")
    except KeyboardInterrupt:
        # Ctrl-C has reached the process too, which ends by itself.
        device.stop()
        print("The broker stops")


# multiprocessing may import this file once more, in the process of the device.
if __name__ == "__main__":
    main()
