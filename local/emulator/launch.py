"""Runs ministack in this process, mended, for as long as the parent lives.

The parent talks over three pipes: commands on stdin (JSON lines; its end is our end), reports on file descriptor 3
(JSON lines), logs on stdout and stderr. What ministack reads from its environment the parent has already set there.
"""

import asyncio
import ctypes
import json
import os
import signal
import sys
import threading

import commands
import reports


def die_with_parent():
    """Ask Linux to end us with the parent; elsewhere the end of stdin does it alone."""
    if sys.platform == "linux":
        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def end_group():
    """End this process and what it started: Lambda functions run as our children, in our process group."""
    os.killpg(os.getpgrp(), signal.SIGKILL)


def obey_stdin():
    for line in sys.stdin:
        command = json.loads(line)
        try:
            commands.run(command)
            reports.send("answer", {"id": command["id"]})
        except Exception as error:
            reports.send("answer", {"id": command["id"], "error": str(error)})
    end_group()


def raise_open_file_limit():
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def serve(port):
    from hypercorn.asyncio import serve as hypercorn_serve
    from hypercorn.config import Config
    from ministack.app import app

    import extensions
    import parent_apis

    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    await hypercorn_serve(extensions.wrap(parent_apis.wrap(app)), config)


def main():
    die_with_parent()
    threading.Thread(target=obey_stdin, daemon=True, name="stdin").start()
    raise_open_file_limit()

    import extensions
    import mends

    for name, state in mends.apply_all():
        reports.send("mend", {"name": name, "state": state})
    extensions.apply_all()
    from ministack.services.cloudformation import provisioners

    reports.send("types", {"types": [*provisioners._RESOURCE_HANDLERS]})
    asyncio.run(serve(int(os.environ["GATEWAY_PORT"])))


if __name__ == "__main__":
    main()
