// An MCP server with no authorization of its own: pages that anybody may search, and that some may change.
// nginx/mcp.conf has it as "tools". Who may call what is decided in front of it; what it learns of the caller is
// in x-authgear-* headers, which nginx sets. So only nginx may reach it.
//
//   npm ci && node server.mjs
//
// HOST (127.0.0.1), PORT (9000; 0 is any free one) and MCP_PATH (/tools) say where it listens. LEGACY is the
// SDK's option "legacy", what happens to requests of versions before 2026-07-28: "stateless" (the SDK's default)
// serves them, without a look at Mcp-Method and Mcp-Name; "reject" refuses them.

import { createServer } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';

const host = process.env.HOST ?? '127.0.0.1';
const path = process.env.MCP_PATH ?? '/tools';
const legacy = process.env.LEGACY ?? 'stateless';

const pages = new Map([
  ['home', 'Welcome.'],
  ['prices', 'Tea costs 3, coffee costs 4.'],
  ['team', 'Ann, Bo and Cy.'],
]);

const text = (value) => ({ content: [{ type: 'text', text: value }] });
const page = z.object({ name: z.string() });

// The SDK asks for a new server for each request. Its requestInfo has the headers.
function pagesServer({ requestInfo }) {
  const server = new McpServer({ name: 'pages', version: '1.0.0' });

  server.registerTool(
    'search',
    { description: 'Names of the pages that contain a text', inputSchema: z.object({ text: z.string() }) },
    async (asked) => text([...pages].filter(([, body]) => body.includes(asked.text)).map(([name]) => name).join(' ')),
  );

  server.registerTool('get_page', { description: 'A page', inputSchema: page }, async ({ name }) =>
    pages.has(name) ? text(pages.get(name)) : { ...text('no such page'), isError: true },
  );

  server.registerTool(
    'put_page',
    { description: 'Writes a page', inputSchema: z.object({ name: z.string(), text: z.string() }) },
    async (asked) => {
      pages.set(asked.name, asked.text);
      return text(`written by ${requestInfo.headers.get('x-authgear-user-id')}`);
    },
  );

  server.registerTool('delete_page', { description: 'Deletes a page', inputSchema: page }, async ({ name }) =>
    text(pages.delete(name) ? 'deleted' : 'no such page'),
  );

  server.registerTool(
    'check_pages',
    { description: 'Looks through all pages and tells how far it is', inputSchema: z.object({}) },
    async (_, context) => {
      const progressToken = context.mcpReq._meta?.progressToken;
      let progress = 0;
      for (const name of pages.keys()) {
        progress++;
        if (progressToken !== undefined) {
          const params = { progressToken, progress, total: pages.size, message: name };
          await context.mcpReq.notify({ method: 'notifications/progress', params });
        }
      }
      return text(`${progress} pages`);
    },
  );

  return server;
}

const handle = toNodeHandler(createMcpHandler(pagesServer, { legacy }));

const http = createServer((request, response) => {
  if (new URL(request.url, 'http://localhost').pathname === path) {
    handle(request, response);
  } else {
    response.writeHead(404).end();
  }
});

http.listen(Number(process.env.PORT ?? 9000), host, () =>
  console.log(`listening on http://${host}:${http.address().port}${path}`),
);
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => process.exit());
}
