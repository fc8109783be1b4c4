"""`python -m ssd_jobs.sandbox --socket PATH`; with `--serve`, the fork server that the supervisor starts.

The two are apart because every module that the server has loaded makes each of its forks slower.
"""

import sys

if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        from ssd_jobs.sandbox import server

        server.start(int(sys.argv[2]), sys.argv[3])
    from ssd_jobs.sandbox import command

    sys.exit(command.main(sys.argv[1:]))
