"""Small helpers around sockets; each module is loaded when it is imported, none with this package."""
