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
import mcp.shared.auth_utils as auth_utils
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
        self.connection = None
        self.broken = None
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
        await self.end(command)
        self.asked = asyncio.Queue()
        self.connection = asyncio.create_task(self.serve())
        return await self.within(self.protocol)

    async def serve(self):
        """A connection in a task of its own: whatever breaks it, cancels the task that it began in."""
        answer = None
        try:
            async with httpx2.AsyncClient(auth=self.auth, timeout=60) as http:
                async with Client(streamable_http_client(self.url, http_client=http)) as client:
                    while True:
                        work, answer = await self.asked.get()
                        try:
                            answer.set_result(await work(client))
                        except Exception as error:
                            answer.set_exception(error)
        except (Exception, asyncio.CancelledError) as error:
            self.broken = innermost(error)
        finally:
            # Who came too late, or was waiting when the connection broke.
            waiting = [answer] if answer is not None else []
            while not self.asked.empty():
                waiting.append(self.asked.get_nowait()[1])
            for one in waiting:
                if not one.done():
                    one.set_exception(self.broken)

    async def within(self, work):
        answer = asyncio.get_running_loop().create_future()
        if self.connection is None or self.connection.done():
            raise self.broken or RuntimeError("not connected")
        self.asked.put_nowait((work, answer))
        return await answer

    async def end(self, command):
        if self.connection is not None:
            self.connection.cancel()
            await asyncio.wait([self.connection])
        self.connection = None

    async def protocol(self, client):
        return {"session": None, "protocol": client.session.protocol_version}

    async def call(self, command):
        async def work(client):
            progress = []

            async def told(number, total, message):
                progress.append(number)

            answer = await client.call_tool(command["tool"], command["args"], progress_callback=told)
            return {"text": "\n".join(part.text for part in answer.content), "progress": progress}

        return await self.within(work)

    async def tools(self, command):
        async def work(client):
            return [tool.name for tool in (await client.list_tools()).tools]

        return await self.within(work)

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
oauth2.time = auth_utils.time = clock
asyncio.run(main())
