"""Comparison of zmqbind with PyZMQ and with C on libzmq: `python -m benchmarks`, explained in README.md."""
