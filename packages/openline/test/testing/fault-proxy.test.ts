// What the fault proxy does to traffic: forwarding, latency, rate, silence, and every way a connection can end.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FaultProxy } from '../../src/testing/fault-proxy.ts';

/** A socket that remembers what it heard, so that a test can wait for a state instead of a moment. */
class Peer {
  readonly socket: Socket;
  readonly events: string[] = [];
  readonly chunks: Buffer[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.chunks.push(chunk));
    socket.on('end', () => this.events.push('end'));
    socket.on('error', (error: NodeJS.ErrnoException) => this.events.push(error.code ?? error.message));
    socket.on('close', () => this.events.push('close'));
  }

  get heard(): Buffer {
    return Buffer.concat(this.chunks);
  }

  async hears(text: string): Promise<void> {
    while (this.heard.toString() !== text) await once(this.socket, 'data');
  }

  async sees(event: string): Promise<void> {
    await until(() => expect(this.events).toContain(event));
  }
}

let target: { port: number; peers: Peer[]; close(): Promise<void> };
let proxy: FaultProxy;
let clients: Socket[];
/** What the server does with a connection; an echo, unless a test says otherwise. */
let serve: (peer: Peer) => void;

beforeEach(async () => {
  serve = ({ socket }) => socket.pipe(socket);
  clients = [];
  const peers: Peer[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const peer = new Peer(socket);
    peers.push(peer);
    serve(peer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  target = {
    port: (server.address() as AddressInfo).port,
    peers,
    async close() {
      for (const { socket } of peers) socket.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
  proxy = await FaultProxy.start({ target: { port: target.port } });
});

afterEach(async () => {
  await proxy.close();
  for (const socket of clients) socket.destroy();
  await target.close();
});

async function client(options: { allowHalfOpen?: boolean } = {}): Promise<Peer> {
  const socket = connect({ host: proxy.host, port: proxy.port, noDelay: true, ...options });
  clients.push(socket);
  const peer = new Peer(socket);
  await once(socket, 'connect');
  return peer;
}

/** A client whose connection has been carried through to the server and back. */
async function carried(options: { allowHalfOpen?: boolean } = {}): Promise<{ near: Peer; far: Peer }> {
  const near = await client(options);
  near.socket.write('*');
  await near.hears('*');
  near.chunks.length = 0;
  const far = target.peers.at(-1);
  if (far === undefined) throw new Error('the server saw no connection');
  far.chunks.length = 0;
  return { near, far };
}

function until(assertion: () => void, timeout = 2000): Promise<void> {
  return vi.waitFor(assertion, { interval: 2, timeout });
}

/** Long enough for anything on its way through a clean loopback to have arrived. */
function quiet(ms = 40): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** How long `work` takes, in ms. A busy machine makes it long at times, never short: a long run is tried again. */
async function duration(work: () => Promise<unknown>, { limit }: { limit: number }): Promise<number> {
  for (let run = 1; ; run += 1) {
    const startedAt = performance.now();
    await work();
    const takenMs = performance.now() - startedAt;
    if (takenMs < limit || run === 5) return takenMs;
  }
}

/** Writes without end until the other side takes no more, and says how many bytes were taken. */
async function fill(socket: Socket): Promise<number> {
  const chunk = Buffer.alloc(256 * 1024);
  for (;;) {
    if (socket.write(chunk)) continue;
    const drained = await Promise.race([once(socket, 'drain'), quiet(150)]);
    if (drained === undefined) return socket.bytesWritten - socket.writableLength;
  }
}

describe('a clean fault proxy', () => {
  test('carries every byte in both directions', async () => {
    const { near } = await carried();
    const sent = randomBytes(5_000_000);
    near.socket.end(sent);
    await near.sees('end');
    expect(near.heard.equals(sent)).toBe(true);
  });

  test('passes a half-close on and lets the other direction go on', async () => {
    serve = ({ socket }) => socket.on('end', () => socket.end('answer after your end')).resume();
    const near = await client({ allowHalfOpen: true });
    near.socket.end('question');
    await near.sees('close');
    expect(near.heard.toString()).toBe('answer after your end');
    expect(near.events).toEqual(['end', 'close']);
    await until(() => expect(proxy.connections).toBe(0));
  });

  test('passes a half-close of the server on, and the server goes on hearing', async () => {
    serve = ({ socket }) => void socket.resume().end('that is all');
    const near = await client({ allowHalfOpen: true });
    await near.sees('end');
    near.socket.end('but wait');
    await near.sees('close');
    const [far] = target.peers;
    await far?.sees('close');
    expect(far?.heard.toString()).toBe('but wait');
    expect(far?.events).toEqual(['end', 'close']);
  });

  test('passes a FIN of the server on as FIN', async () => {
    const { near, far } = await carried();
    far.socket.end();
    await near.sees('close');
    expect(near.events).toEqual(['end', 'close']);
  });

  test('passes a reset of the server on as reset', async () => {
    const { near, far } = await carried();
    far.socket.resetAndDestroy();
    await near.sees('close');
    expect(near.events).toEqual(['ECONNRESET', 'close']);
    expect(proxy.connections).toBe(0);
  });

  test('passes a reset of the client on as reset', async () => {
    const { near, far } = await carried();
    near.socket.resetAndDestroy();
    await far.sees('close');
    expect(far.events).toEqual(['ECONNRESET', 'close']);
  });

  test('delivers what a server said before it reset the connection', async () => {
    const { near, far } = await carried();
    proxy.delay(30);
    far.socket.write('last words');
    await quiet(10); // At once, and TCP itself may drop the words for the reset.
    far.socket.resetAndDestroy();
    await near.sees('close');
    expect(near.heard.toString()).toBe('last words');
    expect(near.events).toEqual(['ECONNRESET', 'close']);
  });

  test('resets a client whose server can not be reached', async () => {
    await target.close();
    const near = await client();
    await near.sees('close');
    expect(near.events).toEqual(['ECONNRESET', 'close']);
    await until(() => expect(proxy.connections).toBe(0));
  });
});

describe('delay', () => {
  test('adds its latency in each direction, to connections that are open too', async () => {
    const { near } = await carried();
    proxy.delay(50);
    const limit = 180;
    const roundTripMs = await duration(
      async () => {
        near.chunks.length = 0;
        near.socket.write('ping');
        await near.hears('ping');
      },
      { limit },
    );
    expect(roundTripMs).toBeGreaterThanOrEqual(100);
    expect(roundTripMs).toBeLessThan(limit);
  });

  test('lets bytes travel together instead of adding their delays up', async () => {
    const { near } = await carried();
    proxy.delay(30);
    const words = Array.from({ length: 30 }, (_, index) => `${index} `);
    const limit = 600; // One after the other: 30 × 60 ms.
    const takenMs = await duration(
      async () => {
        near.chunks.length = 0;
        for (const word of words) {
          near.socket.write(word);
          await new Promise((resolve) => setImmediate(resolve));
        }
        await near.hears(words.join(''));
      },
      { limit },
    );
    expect(takenMs).toBeLessThan(limit);
  });

  test('delays FIN and RST like bytes', async () => {
    const ended = await carried();
    const reset = await carried();
    proxy.delay(30);
    const endedAt = performance.now();
    ended.near.socket.end();
    await ended.far.sees('end');
    const resetAt = performance.now();
    reset.far.socket.resetAndDestroy();
    await reset.near.sees('ECONNRESET');
    expect(resetAt - endedAt).toBeGreaterThanOrEqual(30);
    expect(performance.now() - resetAt).toBeGreaterThanOrEqual(30);
  });

  test('keeps the order when it shrinks, and frees what is under way when it is removed', async () => {
    const { near } = await carried();
    proxy.delay(3_600_000);
    near.socket.write('first ');
    await quiet();
    proxy.delay(5);
    near.socket.write('second ');
    proxy.delay(0);
    near.socket.write('third');
    await near.hears('first second third');
  });

  test('goes on under fake timers', async () => {
    const { near } = await carried();
    vi.useFakeTimers();
    try {
      proxy.delay(5);
      near.socket.write('ping');
      await near.hears('ping');
    } finally {
      vi.useRealTimers();
    }
  });

  test.each([-1, Number.NaN, Infinity])('refuses %d', (ms) => {
    expect(() => proxy.delay(ms)).toThrow(RangeError);
  });
});

describe('a bounded buffer', () => {
  // Kernel buffers on both sides of the proxy take some MB; without a bound it would be all that is ever written.
  const KERNEL_BYTES = 24_000_000;

  test('stops the sender when much is on its way, and loses nothing', async () => {
    const { near, far } = await carried();
    proxy.delay(3_600_000);
    near.socket.pause();
    expect(await fill(far.socket)).toBeLessThan(KERNEL_BYTES);
    near.socket.resume();
    far.socket.end();
    await proxy.restore();
    await near.sees('end');
    expect(near.heard.length).toBe(far.socket.bytesWritten - 1);
  });

  test('stops the sender when the receiver does not read', async () => {
    const { near, far } = await carried();
    near.socket.pause();
    expect(await fill(far.socket)).toBeLessThan(KERNEL_BYTES);
    near.socket.resume();
    far.socket.end();
    await near.sees('end');
    expect(near.heard.length).toBe(far.socket.bytesWritten - 1);
  });
});

describe('throttle', () => {
  test('limits each direction to its rate, in a trickle', async () => {
    serve = ({ socket }) => void socket.write(Buffer.alloc(20_000));
    proxy.throttle(100_000);
    const limit = 800;
    const takenMs = await duration(
      async () => {
        const near = await client();
        while (near.heard.length < 20_000) await once(near.socket, 'data');
        expect(near.chunks.length).toBeGreaterThan(3);
      },
      { limit },
    );
    expect(takenMs).toBeGreaterThan(140); // 200 ms, of which 50 may be made good at once.
    expect(takenMs).toBeLessThan(limit);
  });

  test('works at rates below a byte per tick, and ends with Infinity', async () => {
    const { near } = await carried();
    proxy.throttle(40);
    near.socket.write('ab');
    await near.hears('ab'); // Twice 25 ms a byte, in parallel.
    proxy.throttle(0.001);
    near.socket.write('cd');
    await quiet();
    expect(near.heard.toString()).toBe('ab');
    proxy.throttle(Infinity);
    await near.hears('abcd');
    proxy.throttle(0.001);
    near.socket.write('ef');
    await proxy.restore();
    await near.hears('abcdef');
  });

  test.each([0, -1, Number.NaN])('refuses %d', (rate) => {
    expect(() => proxy.throttle(rate)).toThrow(RangeError);
  });
});

describe('silent', () => {
  test('holds bytes and FIN in both directions, and delivers them on restore', async () => {
    const { near, far } = await carried();
    proxy.silent();
    near.socket.end('from the client');
    far.socket.write('from the server');
    await quiet();
    expect([near.heard.length, far.heard.length]).toEqual([0, 0]);
    expect([near.events, far.events]).toEqual([[], []]);
    serve = () => {};
    await proxy.restore();
    await far.sees('end');
    expect(far.heard.toString()).toBe('from the client');
    await near.hears('from the serverfrom the client');
  });

  test('holds what is on its way in the latency too', async () => {
    const { near } = await carried();
    proxy.delay(20);
    near.socket.write('late');
    await quiet(10);
    proxy.silent();
    await quiet(60);
    expect(near.heard.toString()).toBe('');
    await proxy.restore();
    await near.hears('late');
  });

  test('keeps a reset to itself until restore', async () => {
    const { near, far } = await carried();
    proxy.silent();
    near.socket.resetAndDestroy();
    await quiet();
    expect(far.events).toEqual([]);
    expect(proxy.connections).toBe(1);
    await proxy.restore();
    await far.sees('close');
    expect(far.events).toEqual(['ECONNRESET', 'close']);
  });

  test('accepts new connections, which the server sees on restore only', async () => {
    proxy.silent();
    const near = await client();
    near.socket.write('hello?');
    await quiet();
    expect(target.peers).toEqual([]);
    expect(near.events).toEqual([]);
    await proxy.restore();
    await near.hears('hello?');
  });

  test('of the existing ones leaves new connections alone', async () => {
    const old = await carried();
    proxy.silent('existing');
    old.near.socket.write('hello?');
    const { near } = await carried();
    near.socket.write('ping');
    await near.hears('ping');
    expect(old.far.heard.toString()).toBe('');
  });

  test('takes bytes only until the buffers are full', async () => {
    const { near } = await carried();
    proxy.silent();
    expect(await fill(near.socket)).toBeLessThan(24_000_000);
  });
});

describe('cut', () => {
  test('resets both sides of every connection, and spares the next one', async () => {
    const pairs = [await carried(), await carried()];
    proxy.cut();
    expect(proxy.connections).toBe(0);
    for (const { near, far } of pairs) {
      await Promise.all([near.sees('close'), far.sees('close')]);
      expect([near.events, far.events]).toEqual([
        ['ECONNRESET', 'close'],
        ['ECONNRESET', 'close'],
      ]);
    }
    await carried();
    expect(proxy.connections).toBe(1);
  });

  test('ends both sides with FIN, even with bytes unread', async () => {
    serve = ({ socket }) => void socket.write('greeting');
    const near = await client();
    await near.hears('greeting');
    proxy.silent();
    near.socket.write('never read');
    await quiet();
    proxy.cut('end');
    expect(proxy.connections).toBe(0);
    await near.sees('close');
    expect(near.events).toEqual(['end', 'close']);
    await target.peers[0]?.sees('end');
    expect(target.peers[0]?.events).toEqual(['end']);
  });

  test('destroys a peer that does not answer a FIN within a second', async () => {
    serve = () => {};
    const near = await client({ allowHalfOpen: true });
    await until(() => expect(target.peers).toHaveLength(1));
    proxy.cut('end');
    await near.sees('end');
    const [{ socket }] = target.peers as [Peer];
    const keepWriting = setInterval(() => socket.write('still here'), 20);
    try {
      await until(() => expect(target.peers[0]?.events).toContain('close'), 3000);
    } finally {
      clearInterval(keepWriting);
    }
  });

  test('loses what was on its way', async () => {
    const { near, far } = await carried();
    proxy.delay(20);
    near.socket.write('lost');
    await quiet(10);
    proxy.cut('end');
    await far.sees('end');
    expect(far.heard.toString()).toBe('');
  });

  test('ends connections that wait in silence', async () => {
    proxy.silent();
    const near = await client();
    await until(() => expect(proxy.connections).toBe(1));
    proxy.cut();
    await near.sees('close');
    expect(near.events).toEqual(['ECONNRESET', 'close']);
    expect(target.peers).toEqual([]);
  });
});

describe('halfOpen', () => {
  test('closes the server side, leaves the client waiting, and spares the next one', async () => {
    const { near, far } = await carried();
    proxy.halfOpen();
    await far.sees('close');
    near.socket.write('anybody there?');
    await quiet();
    expect(near.events).toEqual([]);
    expect(near.heard.toString()).toBe('');
    expect(proxy.connections).toBe(1);
    await carried();
  });

  test('loses what the server had said, for good', async () => {
    const { near, far } = await carried();
    proxy.delay(30);
    far.socket.write('lost');
    await quiet(10);
    proxy.halfOpen();
    await quiet();
    await proxy.restore();
    await quiet();
    expect(near.heard.toString()).toBe('');
    expect(near.events).toEqual([]);
  });

  test('resets, after restore, the client that has spoken, and the quiet one when it speaks', async () => {
    const speaker = await carried();
    const listener = await carried();
    proxy.halfOpen();
    speaker.near.socket.write('anybody there?');
    await quiet();
    await proxy.restore();
    await speaker.near.sees('close');
    expect(speaker.near.events).toEqual(['ECONNRESET', 'close']);
    await quiet();
    expect(listener.near.events).toEqual([]);
    listener.near.socket.write('hello?');
    await listener.near.sees('close');
    expect(listener.near.events).toEqual(['ECONNRESET', 'close']);
    await until(() => expect(proxy.connections).toBe(0));
  });
});

test('whatever delays, rates and silences come and go, every byte arrives once and in order', async () => {
  const pairs = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const near = await client();
      return { near, sent: randomBytes(400_000) };
    }),
  );
  for (const { near, sent } of pairs) near.socket.end(sent);
  for (let step = 0; step < 60; step += 1) {
    const dice = Math.floor(Math.random() * 6);
    if (dice === 0) proxy.silent('existing');
    else if (dice === 1) await proxy.restore();
    else if (dice === 2) proxy.throttle(1 + Math.random() * 10_000_000);
    else if (dice === 3) proxy.throttle(Infinity);
    else proxy.delay(Math.random() * 10);
    await quiet(2);
  }
  await proxy.restore();
  for (const { near, sent } of pairs) {
    await near.sees('close');
    expect(near.heard.equals(sent)).toBe(true);
    expect(near.events).toEqual(['end', 'close']);
  }
  await until(() => expect(proxy.connections).toBe(0));
});
