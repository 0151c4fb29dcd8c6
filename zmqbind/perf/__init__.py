"""`zmqbind perf`: throughput and latency between two processes, two hosts or two threads. See docs/perf.md."""
