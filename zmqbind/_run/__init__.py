"""A directory for PYTHONPATH: the zmq in it is zmqbind. See zmqbind.run."""
