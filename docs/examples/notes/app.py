"""Serve the notes on this machine: `python docs/examples/notes/app.py`."""

from __future__ import annotations

import argparse

from noteboard import create_app


def main() -> None:
    """Read the command line, and run the development server."""
    parser = argparse.ArgumentParser(description="A small note board, an example application of Cocopot.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=5000, help="port to listen on (%(default)s)")
    parser.add_argument("--debug", action="store_true", help="enable the reloader and the debugger")
    options = parser.parse_args()
    app = create_app()
    if app.config["SESSION_COOKIE_SECURE"] is None:
        # This server has no HTTPS, and not every browser makes an exception for this machine.
        app.config["SESSION_COOKIE_SECURE"] = False
    app.run(options.host, options.port, debug=options.debug)


if __name__ == "__main__":
    main()
