// Backends that read paths in different ways. Each says which part of the site it serves: "admin", "catalog",
// "public" or "site". Prints their ports as JSON, and ends with its standard input.
import http from 'node:http';
import path from 'node:path';
import express from 'express';
import express4 from 'express4';

const areas = ['admin', 'catalog', 'public'];

function byExpress(make) {
  const app = make();
  for (const area of areas) {
    app.use('/' + area, (request, response) => response.end(area));
  }
  app.use((request, response) => response.end('site'));
  return http.createServer(app);
}

function byPathname(pathname) {
  return http.createServer((request, response) => {
    let area;
    try {
      const first = pathname(request.url).split('/')[1];
      area = areas.includes(first) ? first : 'site';
    } catch {
      response.statusCode = 400;
    }
    response.end(area);
  });
}

function cleaned(decoded) {
  return path.posix.normalize(decoded.replaceAll('\\', '/').split('?')[0]);
}

const servers = {
  express5: byExpress(express),
  express4: byExpress(express4),
  // Takes what follows "//" for a host, and "\" for "/".
  whatwg: byPathname((url) => new URL(url, 'http://backend').pathname),
  // As those that look files up: decode, then clean.
  decoding: byPathname((url) => cleaned(decodeURIComponent(url.split('?')[0]))),
  // As those behind something that decodes, too.
  decodingTwice: byPathname((url) =>
    cleaned(decodeURIComponent(decodeURIComponent(url.split('?')[0])))),
};

const ports = {};
for (const [name, server] of Object.entries(servers)) {
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  ports[name] = server.address().port;
}
console.log(JSON.stringify(ports));
process.stdin.resume().on('end', () => process.exit(0));
