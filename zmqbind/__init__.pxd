# What other Cython code may cimport from zmqbind. `from zmqbind cimport libzmq` gets libzmq's C API. See docs/cython.md.

from zmqbind._core cimport Context, Frame, MessageTracker, Socket
