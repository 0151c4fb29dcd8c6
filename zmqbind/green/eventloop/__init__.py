"""Tornado's loop over gevent's sockets: see zmqstream."""
