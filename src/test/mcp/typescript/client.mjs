// An official TypeScript client that knows nothing but a URL:
//
//   node client.mjs v1|v2 <URL>
//
// It does what it is told, a line of JSON each, and answers each with a line: {"result":...} or {"failed":...}.
// {"open":...} is a page for its user's browser; the next line is then {"callback":...}, where the browser was sent
// in the end, or {"callback":null} if the user closed it. Registration, discovery, scopes, tokens and refreshing are
// the SDK's; the provider only keeps what the SDK gives it.

import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';

const [version, url] = process.argv.slice(2);
const { Client, StreamableHTTPClientTransport, UnauthorizedError } =
  version === 'v1'
    ? {
        ...(await import('@modelcontextprotocol/sdk/client/index.js')),
        ...(await import('@modelcontextprotocol/sdk/client/streamableHttp.js')),
        ...(await import('@modelcontextprotocol/sdk/client/auth.js')),
      }
    : await import('@modelcontextprotocol/client');
console.log = console.warn = console.error;

const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
async function hear() {
  const { done, value } = await input.next();
  return done ? undefined : JSON.parse(value);
}

class Kept {
  redirectUrl = 'http://localhost:33418/callback';
  clientMetadata = {
    client_name: `Client ${version}`,
    redirect_uris: [this.redirectUrl],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
  };
  state = () => (this.expectedState = randomUUID());
  clientInformation = () => this.information;
  saveClientInformation(information) {
    this.information = information;
  }
  tokens = () => this.kept;
  saveTokens(tokens) {
    this.kept = tokens;
  }
  saveCodeVerifier(verifier) {
    this.verifier = verifier;
  }
  codeVerifier = () => this.verifier;
  saveDiscoveryState(discovered) {
    this.discovered = discovered;
  }
  discoveryState = () => this.discovered;
  invalidateCredentials(what) {
    if (what === 'all' || what === 'tokens') this.kept = undefined;
    if (what === 'all' || what === 'client') this.information = undefined;
    if (what === 'all' || what === 'verifier') this.verifier = undefined;
    if (what === 'all' || what === 'discovery') this.discovered = undefined;
  }
  redirectToAuthorization(page) {
    this.page = page;
  }
}

const provider = new Kept();
let client;
let transport;

async function connect() {
  await client?.close();
  const options = version === 'v1' ? {} : { versionNegotiation: { mode: 'auto' } };
  client = new Client({ name: 'test', version: '1.0.0' }, options);
  transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider });
  await client.connect(transport);
  return { session: transport.sessionId ?? null, protocol: transport.protocolVersion ?? null };
}

async function call({ tool, args }) {
  const progress = [];
  const onprogress = (notified) => progress.push(notified.progress);
  const params = { name: tool, arguments: args };
  const answer =
    version === 'v1'
      ? await client.callTool(params, undefined, { onprogress })
      : await client.callTool(params, { onprogress });
  return { text: answer.content.map((part) => part.text).join('\n'), progress };
}

// Events of a stream that stays open, in version 2026-07-28.
const heard = [];
let waiting;

async function listen({ uri }) {
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
    heard.push(params.uri);
    waiting?.();
  });
  await client.listen({ resourceSubscriptions: [uri] });
}

async function nextEvent() {
  if (heard.length === 0) {
    await new Promise((resolve) => (waiting = resolve));
  }
  return heard.shift();
}

const commands = {
  listen,
  nextEvent,
  connect,
  call,
  tools: async () => (await client.listTools()).tools.map((tool) => tool.name),
  token: async () => provider.kept?.access_token ?? null,
  scope: async () => provider.kept?.scope ?? null,
  end: async () => transport.terminateSession(),
};

// As an application does: the SDK gives the URL to the provider and gives up; the application sends its user there,
// hands over what the user came back with, and tries again.
async function withBrowser(command) {
  for (;;) {
    provider.page = undefined;
    try {
      return await commands[command.do](command);
    } catch (error) {
      if (!(error instanceof UnauthorizedError) || provider.page === undefined) {
        throw error;
      }
    }
    say({ open: provider.page.href });
    const { callback } = await hear();
    if (callback === null) {
      throw new Error('the user closed the browser');
    }
    const came = new URL(callback).searchParams;
    if (came.get('state') !== provider.expectedState || came.has('error')) {
      throw new Error(`the user came back with ${came}`);
    }
    await transport.finishAuth(version === 'v1' ? came.get('code') : came);
  }
}

for (let command = await hear(); command !== undefined; command = await hear()) {
  try {
    say({ result: (await withBrowser(command)) ?? null, opened: provider.page !== undefined });
  } catch (error) {
    say({ failed: `${error.name}: ${error.message}`, opened: provider.page !== undefined });
  }
}
process.exit();
