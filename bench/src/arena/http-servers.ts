// The entry of the HTTP servers' process: one over TCP, one over TLS, one over TLS that speaks HTTP/2 alone. They answer
// with items, send back what is posted, and keep a tally.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer, type ServerHttp2Stream } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import type { Readable } from 'node:stream';
import { makeCertificates } from 'openline-cli/servers';
import type { HttpOffer } from './http-servers-process.ts';
import { itemOf, valueIn } from './items.ts';
import { TALLY, type Tally } from './tally.ts';

const HOST = '127.0.0.1';
/** Longer than any run: no contender loses a connection to the server's patience. */
const KEEP_ALIVE_MS = 3_600_000;
/** Streams that one session may have under way: what servers usually allow. */
const MAX_STREAMS = 100;
const TYPE = 'application/json';

const { ca, cert, key } = await makeCertificates([HOST]);

let requests = 0;
let connections = new Set<object>();
let protocols = new Set<string>();

function count(connection: object, protocol: string): void {
  requests++;
  connections.add(connection);
  protocols.add(protocol);
}

function takeTally(): Tally {
  const tally = { requests, connections: connections.size, protocols: [...protocols] };
  requests = 0;
  connections = new Set();
  protocols = new Set();
  return tally;
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { method, url = '' } = request;
  const end = (text: string): void => {
    response.writeHead(200, { 'content-type': TYPE, 'content-length': Buffer.byteLength(text) });
    response.end(text);
  };
  if (url === TALLY) {
    end(JSON.stringify(takeTally()));
    return;
  }
  count(request.socket, `HTTP/${request.httpVersion}`);
  if (method === 'POST') readWhole(request, end);
  else end(itemOf(valueIn(url)));
}

function answerStream(stream: ServerHttp2Stream, method: string, path: string): void {
  if (stream.session !== undefined) count(stream.session, 'HTTP/2');
  const end = (text: string): void => {
    stream.respond({ ':status': 200, 'content-type': TYPE, 'content-length': Buffer.byteLength(text) });
    stream.end(text);
  };
  if (method === 'POST') readWhole(stream, end);
  else end(itemOf(valueIn(path)));
}

function readWhole(body: Readable, done: (text: string) => void): void {
  let text = '';
  body.setEncoding('utf8');
  body.on('data', (chunk: string) => {
    text += chunk;
  });
  body.on('end', () => done(text));
}

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen({ host: HOST, port: 0 }, resolve));
  return (server.address() as AddressInfo).port;
}

const patience = { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0, headersTimeout: 0 };
const plain = createServer(patience, answer);
const tls = createTlsServer({ ...patience, cert, key }, answer);
const settings = { maxConcurrentStreams: MAX_STREAMS };
const h2 = createSecureServer({ cert, key, allowHTTP1: false, settings });
h2.on('stream', (stream, headers) => {
  // A client that goes away with streams under way fails them, and that is no failure of the server.
  stream.on('error', () => undefined);
  answerStream(stream, headers[':method'] ?? '', headers[':path'] ?? '');
});

const offer: HttpOffer = {
  origins: {
    http: `http://${HOST}:${await portOf(plain)}`,
    https: `https://${HOST}:${await portOf(tls)}`,
    h2: `https://${HOST}:${await portOf(h2)}`,
  },
  ca,
};
process.on('disconnect', () => process.exit(0));
process.send?.(offer);
