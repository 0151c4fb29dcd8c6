# What other Cython code may cimport from zmqbind. libzmq's C API is in zmqbind.libzmq. See docs/cython.md.

from zmqbind._core cimport Context, Frame, MessageTracker, Socket
