"""An MCP server with no authorization of its own: everybody has notes, and sees no others.

nginx/mcp.conf has it as "notes". Who may come is decided in front of it; who it is, is in x-authgear-user-id,
which nginx sets. So only nginx may reach it.

    python3 -m venv . && bin/pip install --require-hashes -r requirements.txt && bin/python server.py

HOST (127.0.0.1), PORT (9001; 0 is any free one) and MCP_PATH (/notes) say where it listens. ALLOWED_HOSTS are the
names by which clients know it: the SDK answers 421 to all others, so that no page can make a browser call it by a
name that leads here (DNS rebinding). nginx passes the name without a port.
"""

import os
import socket
from collections import defaultdict

import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.transport_security import TransportSecuritySettings

host = os.environ.get("HOST", "127.0.0.1")
path = os.environ.get("MCP_PATH", "/notes")
allowed_hosts = os.environ.get("ALLOWED_HOSTS", "mcp.example.com").split(",")

server = MCPServer("notes", version="1.0.0", log_level="WARNING")
notes: dict[str, list[str]] = defaultdict(list)


def user(context: Context) -> str:
    return context.headers["x-authgear-user-id"]


@server.tool()
async def add_note(text: str, context: Context) -> str:
    """Keeps a note"""
    notes[user(context)].append(text)
    await context.notify_resource_updated("notes://mine")
    return f"{len(notes[user(context)])} notes"


@server.tool()
async def list_notes(context: Context) -> str:
    """Your notes"""
    return "\n".join(notes[user(context)])


@server.tool()
async def count_slowly(up_to: int, context: Context) -> str:
    """Counts, and tells how far it is"""
    for number in range(1, up_to + 1):
        await context.report_progress(number, up_to)
    return f"counted to {up_to}"


app = server.streamable_http_app(
    streamable_http_path=path,
    transport_security=TransportSecuritySettings(allowed_hosts=allowed_hosts),
)

# Of TCP by its number, or asyncio would not turn Nagle's algorithm off: 40 ms for each answer.
listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((host, int(os.environ.get("PORT", "9001"))))
print(f"listening on http://{host}:{listener.getsockname()[1]}{path}", flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
