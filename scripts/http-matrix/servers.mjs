// The servers that the programs of the HTTP matrix ask: HTTP, HTTPS and HTTP/2, with the same pages.
import { createHash } from 'node:crypto';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { gzipSync } from 'node:zlib';

/** @typedef {{ origin: string, protocol: 'HTTP/1.1' | 'HTTP/2' }} Site */
/** @typedef {http.IncomingMessage | http2.Http2ServerRequest} Asked */
/** @typedef {http.ServerResponse | http2.Http2ServerResponse} Answer */

/** Bytes of the page `/large`: more than any reader holds in advance. */
export const largeBytes = 4 * 1024 * 1024;

/** @type {Record<string, (asked: Asked, answer: import('node:http').ServerResponse) => void>} */
const pages = {
  '/hello': (_asked, answer) => {
    answer.setHeader('set-cookie', ['a=1; Path=/', 'b=2, 3; Path=/']);
    answer.end('hello');
  },
  '/echo': (asked, answer) => {
    answer.setHeader('x-method', String(asked.method));
    asked.pipe(answer);
  },
  '/gzip': (_asked, answer) => {
    answer.setHeader('content-encoding', 'gzip');
    answer.end(gzipSync('small after all'));
  },
  '/moved': (_asked, answer) => {
    answer.writeHead(302, { location: '/hello' });
    answer.end();
  },
  '/moved-for-all': (_asked, answer) => {
    answer.writeHead(307, { location: '/echo' });
    answer.end();
  },
  '/nothing': (_asked, answer) => {
    answer.writeHead(204);
    answer.end();
  },
  '/large': (_asked, answer) => {
    answer.end(Buffer.alloc(largeBytes, 'x'));
  },
  '/begun': (_asked, answer) => {
    answer.write('the first piece');
  },
  '/silent': () => undefined,
};

/** @param {Asked} asked @param {Answer} answer */
function serve(asked, answer) {
  const page = pages[String(asked.url)];
  // HTTP/2's compatible response has all that the pages use.
  const response = /** @type {http.ServerResponse} */ (answer);
  if (page !== undefined) page(asked, response);
  else response.writeHead(404).end();
}

/**
 * Takes an upgrade to a WebSocket, greets with one text, and closes when it is asked to.
 * @param {http.IncomingMessage} asked @param {import('node:stream').Duplex} socket
 */
function upgrade(asked, socket) {
  const accept = createHash('sha1')
    .update(`${asked.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
  );
  const greeting = Buffer.from('greetings');
  socket.write(Buffer.concat([Buffer.from([0x81, greeting.length]), greeting]));
  // The only thing that a client has to say here is that it closes.
  socket.once('data', () => socket.end(Buffer.from([0x88, 0x02, 0x03, 0xe8])));
  socket.on('error', () => undefined);
}

/**
 * Starts a server of each kind; `oneStream` is an HTTP/2 one that takes one request at a time.
 * @param {{ cert: string, key: string }} tls
 * @returns {Promise<{ sites: { http: Site, https: Site, h2: Site }, oneStream: string, close: () => void }>}
 */
export async function startServers(tls) {
  const plain = http.createServer(serve);
  const secure = https.createServer(tls, serve);
  // undici 8 asks for HTTP/1.1 where an older fetch uses the global dispatcher that it has set.
  const h2 = http2.createSecureServer({ ...tls, allowHTTP1: true }, serve);
  const narrow = http2.createSecureServer({ ...tls, settings: { maxConcurrentStreams: 1 } }, serve);
  const servers = [plain, secure, h2, narrow];
  plain.on('upgrade', upgrade);
  secure.on('upgrade', upgrade);
  /** @type {Set<import('node:net').Socket>} */
  const sockets = new Set();
  for (const server of servers) {
    server.on('connection', (/** @type {import('node:net').Socket} */ socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  }
  /** @param {import('node:net').Server} server */
  const portOf = (server) => /** @type {import('node:net').AddressInfo} */ (server.address()).port;
  return {
    sites: {
      http: { origin: `http://127.0.0.1:${portOf(plain)}`, protocol: 'HTTP/1.1' },
      https: { origin: `https://127.0.0.1:${portOf(secure)}`, protocol: 'HTTP/1.1' },
      h2: { origin: `https://127.0.0.1:${portOf(h2)}`, protocol: 'HTTP/2' },
    },
    oneStream: `https://127.0.0.1:${portOf(narrow)}`,
    close: () => {
      for (const server of servers) server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
