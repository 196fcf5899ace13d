"""The HTTP server of the sandbox: sockets, routes, access checks, faults, and the request log."""
