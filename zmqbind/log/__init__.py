"""Logging over sockets: `handlers` publishes records, `python -m zmqbind.log` shows them. See docs/logging.md."""
