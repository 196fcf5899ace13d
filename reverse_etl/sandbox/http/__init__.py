"""HTTP of the sandbox: the server, the request as endpoints see it, access checks, replies and the request log."""
