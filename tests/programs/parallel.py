"""Run by test_ipyparallel.py: a cluster of two engines works for this process."""

import ipyparallel
import zmq


def binding():
    import zmq

    return zmq.Socket.__module__


def main():
    with ipyparallel.Cluster(n=2, log_level=30) as client:
        engines = client[:]
        print(zmq.Socket.__module__, *engines.apply_sync(binding))
        print(client.load_balanced_view().map_sync(lambda number: number**2, range(10)))
        engines.push({"numbers": list(range(1_000_000))}, block=True)
        print([sum(numbers) for numbers in engines.pull("numbers", block=True)])


if __name__ == "__main__":
    main()
    print("The end")
