"""The official Python client, which knows nothing but a URL: client.py <URL>.

It speaks with the test as client.mjs does; see there.
"""

import asyncio
import json
import os
import sys
import time
from urllib.parse import parse_qs, urlparse

import httpx2
import mcp.client.auth.oauth2 as oauth2
from mcp.client import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata


class BrowserClosed(Exception):
    pass


class Clock:
    """The one by which the provider knows that its token has expired."""

    moved = 0.0

    def time(self):
        return time.time() + self.moved


class Kept:
    tokens = None
    client_info = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client_info

    async def set_client_info(self, client_info):
        self.client_info = client_info


def say(line):
    print(json.dumps(line), flush=True)


async def hear():
    line = await asyncio.to_thread(sys.stdin.readline)
    return json.loads(line) if line else None


class Session:
    def __init__(self, url):
        self.url = url
        self.kept = Kept()
        self.client = None
        self.opened = False
        self.callback = None
        self.auth = OAuthClientProvider(
            server_url=url,
            client_metadata=OAuthClientMetadata(
                client_name="Client Python",
                redirect_uris=["http://localhost:33418/callback"],
                token_endpoint_auth_method="none",
            ),
            storage=self.kept,
            redirect_handler=self.redirect,
            callback_handler=self.came_back,
        )

    async def redirect(self, page):
        self.opened = True
        say({"open": page})
        self.callback = (await hear())["callback"]

    async def came_back(self):
        if self.callback is None:
            raise BrowserClosed("the user closed the browser")
        came = {name: values[0] for name, values in parse_qs(urlparse(self.callback).query).items()}
        return AuthorizationCodeResult(code=came["code"], state=came.get("state"), iss=came.get("iss"))

    async def connect(self, command):
        self.http = httpx2.AsyncClient(auth=self.auth, timeout=60)
        transport = streamable_http_client(self.url, http_client=self.http)
        self.client = await Client(transport, mode=command.get("mode", "auto")).__aenter__()
        return {"session": None, "protocol": self.client.session.protocol_version}

    async def call(self, command):
        progress = []

        async def told(number, total, message):
            progress.append(number)

        answer = await self.client.call_tool(command["tool"], command["args"], progress_callback=told)
        return {"text": "\n".join(part.text for part in answer.content), "progress": progress}

    async def tools(self, command):
        return [tool.name for tool in (await self.client.list_tools()).tools]

    async def token(self, command):
        return self.kept.tokens and self.kept.tokens.access_token

    async def scope(self, command):
        return self.kept.tokens and self.kept.tokens.scope

    async def later(self, command):
        clock.moved += command["seconds"]


def innermost(error):
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return error


async def main():
    session = Session(sys.argv[1])
    while (command := await hear()) is not None:
        session.opened = False
        try:
            result = await getattr(session, command["do"])(command)
            say({"result": result, "opened": session.opened})
        except Exception as error:
            inner = innermost(error)
            say({"failed": f"{type(inner).__name__}: {inner}", "opened": session.opened})
    # What is still open ends with the process.
    sys.stdout.flush()
    os._exit(0)


clock = Clock()
oauth2.time = clock
asyncio.run(main())
