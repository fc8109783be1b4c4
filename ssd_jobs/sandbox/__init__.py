"""The sandbox that runs untrusted programs, and the client through which stages use it.

The sandbox is another process (`python -m ssd_jobs.sandbox`), on a cluster another container. It is given a
program and inputs, and answers with bytes, exit status and resource use; it never learns an expected output.

    with local.spawn(memory_mb=1024) as client:         # one machine
        ...
    client = Client(Path("/run/ssd/sandbox.sock"))      # a pod: the other container listens there
    client.require_strong(allow_weak=False)

    with client.session(Program(source=text, limits=limits)) as session:
        outcome = session.run(b"3\\n1 2 3\\n")          # or NotCompiled
"""
