"""Serving the app over HTTP. Refuses to believe a proxy that was not named, and to say which software answers."""

import logging

import uvicorn
from litestar.types import ASGIApp

MOST_AT_ONCE = 200


def configured(app: ASGIApp, *, host: str, port: int, proxies: str = "") -> uvicorn.Config:
    """How the app is served; ``proxies`` names the addresses whose word on the visitor's address counts."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        server_header=False,
        date_header=True,
        access_log=False,
        log_config=None,  # what the process does with its logs holds for the server's as well
        log_level=logging.WARNING,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or None,
        limit_concurrency=MOST_AT_ONCE,
        timeout_keep_alive=30,
        ws="none",
        lifespan="off",
    )


def serve(app: ASGIApp, *, host: str, port: int, proxies: str = "") -> None:
    """Serve until somebody stops it."""
    uvicorn.Server(configured(app, host=host, port=port, proxies=proxies)).run()
