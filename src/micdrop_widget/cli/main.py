"""The command line: `python -m micdrop_widget`, and what its commands are."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments
        The command line without the program's name; by default that of the process.

    Returns
    -------
    int
        Exit code.
    """
    parser = argparse.ArgumentParser(prog="micdrop_widget", description="Voice calls with a Micdrop server.")
    parser.add_argument("--debug", action="store_true", help="log every step of the call to standard error")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="call the embedded server with a spoken sentence, and check the echo")
    serve = commands.add_parser("serve", help="run the embedded echo server until Ctrl-C")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    serve.add_argument("--port", type=_port, default=8081, help="port to listen on, 0 for a free one (default: 8081)")
    call = commands.add_parser("call", help="hold a call in a page of your browser, until Ctrl-C")
    call.add_argument("url", help="address of the Micdrop server, ws:// or wss://")
    call.add_argument("--port", type=_port, default=0, help="port of the page on this machine (default: a free one)")
    call.add_argument("--no-browser", action="store_true", help="print the address of the page, and open no browser")
    call.add_argument(
        "--vad", choices=("silero", "volume"), default="silero", help="what detects speech (default: %(default)s)"
    )
    call.add_argument("--params-file", metavar="FILE", help="the params, as JSON; - reads them from standard input")
    options = parser.parse_args(arguments)
    if options.debug:
        logging.basicConfig(level=logging.DEBUG, format="%(name)s %(message)s")
        logging.getLogger("asyncio").setLevel(logging.INFO)
    if options.command == "demo":
        from micdrop_widget.cli import demo  # noqa: PLC0415 - `--help` needs no audio

        return demo.run()
    if options.command == "call":
        from micdrop_widget.cli import call as cli_call  # noqa: PLC0415 - as above

        return cli_call.run(
            options.url,
            port=options.port,
            open_browser=not options.no_browser,
            vad=options.vad,
            params_file=options.params_file,
        )
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(_serve(options.host, options.port))
    return 0


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 65535, got {text!r}")
    return int(text)


async def _serve(host: str, port: int) -> int:
    from micdrop_widget.agents import MicdropServer  # noqa: PLC0415 - as above

    try:
        async with MicdropServer(host=host, port=port) as server:
            sys.stdout.write(f"A Micdrop echo server listens on {server.url} (Ctrl-C ends it)\n")
            sys.stdout.flush()
            await asyncio.Event().wait()
    except OSError as error:
        sys.stderr.write(f"{error.strerror}\n")
        return 1
    return 0
