// Who may connect to the fault proxy, how they are counted, and what it leaves behind.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FaultProxy, type FaultProxyOptions } from '../../src/testing/fault-proxy.ts';

let target: Server;
/** The server's side of every connection that got through. */
let served: Socket[];
let proxy: FaultProxy;
let clients: Socket[];

beforeEach(async () => {
  served = [];
  clients = [];
  target = await listen(0, (socket) => {
    served.push(socket);
    socket.on('error', () => {}).pipe(socket);
  });
  proxy = await FaultProxy.start({ target: { port: portOf(target) } });
});

afterEach(async () => {
  await proxy.close();
  for (const socket of [...clients, ...served]) socket.destroy();
  await new Promise((resolve) => target.close(resolve));
});

async function listen(port: number, onSocket?: (socket: Socket) => void): Promise<Server> {
  const server = createServer(onSocket).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function dial(): Socket {
  const socket = connect({ host: proxy.host, port: proxy.port });
  socket.on('error', () => {});
  clients.push(socket);
  return socket;
}

/** How a connection ends that never gets to say anything: the code of its error. */
async function rejection(): Promise<string | undefined> {
  const error = await new Promise<NodeJS.ErrnoException>((resolve) => dial().on('error', resolve));
  return error.code;
}

async function echo(socket: Socket, text = 'ping'): Promise<string> {
  socket.write(text);
  return String((await once(socket, 'data'))[0]);
}

function until(assertion: () => void): Promise<void> {
  return vi.waitFor(assertion, { interval: 2, timeout: 2000 });
}

function quiet(ms = 40): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

describe('start', () => {
  test('chooses a port below the ephemeral ones', () => {
    expect(proxy.port).toBeGreaterThanOrEqual(10_240);
    expect(proxy.port).toBeLessThan(32_768);
  });

  test('takes the address it is told', async () => {
    const { port } = proxy;
    await proxy.close();
    const target = { host: 'localhost', port: 1 };
    await using other = await FaultProxy.start({ target, host: 'localhost', port });
    expect([other.host, other.port]).toEqual(['localhost', port]);
  });

  test('names everything that is wrong with its options at once', async () => {
    const start = FaultProxy.start({ target: { port: 0, host: '' }, host: '', port: 65_536 });
    await expect(start).rejects.toThrow(RangeError);
    await expect(start).rejects.toThrow(
      /target\.port is 0.*target\.host is empty.*; host is empty.*port is 65536/,
    );
  });

  test.each<[string, FaultProxyOptions]>([
    ['EADDRNOTAVAIL', { target: { port: 1 }, host: '192.0.2.1' }],
    ['ENOTFOUND', { target: { port: 1 }, host: 'no-such-host.invalid' }],
  ])('rejects with %s where it can not listen', async (code, options) => {
    await expect(FaultProxy.start(options)).rejects.toMatchObject({
      code: code === 'ENOTFOUND' ? expect.stringMatching(/ENOTFOUND|EAI_AGAIN/) : code,
    });
  });
});

describe('refuse', () => {
  test('refuses new connections, lets open ones go on, and reopens the same port', async () => {
    const open = dial();
    await echo(open);
    const { port } = proxy;
    proxy.refuse();
    expect(await rejection()).toBe('ECONNREFUSED');
    expect(await echo(open)).toBe('ping');
    expect(proxy.connections).toBe(1);
    await proxy.restore();
    expect(proxy.port).toBe(port);
    expect(await echo(dial())).toBe('ping');
  });

  test('can reset and count instead', async () => {
    proxy.refuse();
    proxy.refuse('reset'); // Listens again.
    await quiet(5);
    expect(await rejection()).toBe('ECONNRESET');
    expect(await rejection()).toBe('ECONNRESET');
    expect([proxy.accepted, proxy.connections, served.length]).toEqual([2, 0, 0]);
    await proxy.restore();
    expect(await echo(dial())).toBe('ping');
  });

  test('holds against a restore that was just asked for', async () => {
    proxy.refuse();
    const restored = proxy.restore();
    proxy.refuse();
    await restored;
    expect(await rejection()).toBe('ECONNREFUSED');
    await Promise.all([proxy.restore(), proxy.restore()]);
    expect(await echo(dial())).toBe('ping');
  });
});

describe('restore', () => {
  test('waits for a port that somebody else has for a moment', async () => {
    proxy.refuse();
    const usurper = await listen(proxy.port);
    const restored = proxy.restore();
    await quiet();
    await new Promise((resolve) => usurper.close(resolve));
    await restored;
    expect(await echo(dial())).toBe('ping');
  });

  test('says so when the port is lost, and can be tried again', async () => {
    proxy.refuse();
    const usurper = await listen(proxy.port);
    await expect(proxy.restore()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await new Promise((resolve) => usurper.close(resolve));
    await proxy.restore();
    expect(await echo(dial())).toBe('ping');
  });
});

describe('deaf', () => {
  test('accepts new connections without answering, lets open ones go on, and serves the waiting on restore', async () => {
    const open = dial();
    await echo(open);
    proxy.deaf();
    const waiting = dial();
    await once(waiting, 'connect');
    const answer = echo(waiting, 'anybody?');
    expect(await echo(open)).toBe('ping');
    await quiet();
    expect([served.length, waiting.bytesRead, proxy.connections]).toEqual([1, 0, 2]);
    await proxy.restore();
    expect(await answer).toBe('anybody?');
  });

  test.each(['deaf', 'silent'] as const)('%s makes a refusing proxy accept again', async (fault) => {
    proxy.refuse();
    proxy[fault]();
    const waiting = dial();
    await once(waiting, 'connect');
    await until(() => expect(proxy.accepted).toBe(1));
    await proxy.restore();
    expect(await echo(waiting)).toBe('ping');
  });
});

describe('counts', () => {
  test('tell connections accepted, with their times, from connections open', async () => {
    const startedAt = performance.now();
    const first = dial();
    await echo(first);
    await echo(dial());
    first.destroy();
    await until(() => expect(proxy.connections).toBe(1));
    expect(proxy.accepted).toBe(2);
    const [one, two] = proxy.attempts;
    expect(one?.at).toBeGreaterThanOrEqual(startedAt);
    expect(two?.at).toBeGreaterThanOrEqual(one?.at ?? Infinity);
    proxy.resetCounts();
    expect([proxy.accepted, proxy.attempts, proxy.connections]).toEqual([0, [], 1]);
  });
});

describe('close', () => {
  /** Handles or timers of this process that keep it alive; the test runner has some of its own. */
  function running(kind: RegExp): number {
    return process.getActiveResourcesInfo().filter((name) => kind.test(name)).length;
  }

  async function expectAtMost(kind: RegExp, count: number): Promise<void> {
    for (let turn = 0; turn < 50 && running(kind) > count; turn += 1) await new Promise(setImmediate);
    expect(running(kind)).toBeLessThanOrEqual(count);
  }

  test('leaves nothing running, whatever was going on', async () => {
    await quiet(); // What earlier tests closed is gone after this.
    const before = running(/TCP|Timeout/);
    const busy = await FaultProxy.start({ target: { port: portOf(target) } });
    const sockets = [busy, busy, busy].map(({ host, port }) => connect({ host, port }).on('error', () => {}));
    for (const socket of sockets) await echo(socket);
    busy.delay(3_600_000);
    for (const socket of sockets) socket.write('never arrives');
    await quiet(10);
    busy.halfOpen();
    busy.silent();
    const late = connect(busy.port, busy.host).on('error', () => {});
    await once(late, 'connect');
    busy.cut('end');
    busy.refuse();
    busy.restore().catch(() => {});
    await busy.close();
    expect(busy.connections).toBe(0);
    for (const socket of [...sockets, late]) if (!socket.closed) await once(socket, 'close');
    await until(() => expect(served.every((socket) => socket.closed)).toBe(true));
    await expectAtMost(/TCP|Timeout/, before);
  });

  test('leaves no timer for what was on its way', async () => {
    const sockets = [dial(), dial(), dial()];
    for (const socket of sockets) await echo(socket);
    const before = running(/Timeout/);
    proxy.delay(3_600_000);
    for (const socket of sockets) socket.write('never arrives');
    await quiet(10);
    expect(running(/Timeout/)).toBeGreaterThan(before);
    await proxy.close();
    await expectAtMost(/Timeout/, before);
  });

  test('may be repeated, and ends every fault', async () => {
    await Promise.all([proxy.close(), proxy.close()]);
    await proxy.close();
    expect(await rejection()).toBe('ECONNREFUSED');
    await expect(proxy.restore()).rejects.toThrow(/closed/);
    for (const fault of ['silent', 'refuse', 'deaf'] as const) expect(() => proxy[fault]()).toThrow(/closed/);
    proxy.cut();
    proxy.halfOpen();
    proxy.delay(1);
  });

  test('comes by itself at the end of an await using block', async () => {
    {
      await using scoped = proxy;
      expect(await echo(dial())).toBe('ping');
      expect(scoped.connections).toBe(1);
    }
    expect(proxy.connections).toBe(0);
    expect(await rejection()).toBe('ECONNREFUSED');
  });
});

test('no order of faults, clients coming and going, ends the process or loses a connection', async () => {
  const faults: ((proxy: FaultProxy) => unknown)[] = [
    (proxy) => proxy.silent(),
    (proxy) => proxy.silent('existing'),
    (proxy) => proxy.refuse(),
    (proxy) => proxy.refuse('reset'),
    (proxy) => proxy.deaf(),
    (proxy) => proxy.cut(),
    (proxy) => proxy.cut('end'),
    (proxy) => proxy.halfOpen(),
    (proxy) => proxy.delay(Math.random() * 5),
    (proxy) => proxy.throttle(1000 + Math.random() * 1e7),
    (proxy) => proxy.restore(),
    (proxy) => proxy.restore(),
  ];
  for (let step = 0; step < 300; step += 1) {
    const socket = dial();
    if (step % 3 === 0) socket.write(Buffer.alloc(200_000));
    if (step % 5 === 0) clients[Math.floor(Math.random() * clients.length)]?.resetAndDestroy();
    if (step % 7 === 0) clients[Math.floor(Math.random() * clients.length)]?.end();
    await faults[Math.floor(Math.random() * faults.length)]?.(proxy);
    if (step % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await proxy.restore();
  expect(await echo(dial())).toBe('ping');
  for (const socket of clients) socket.destroy();
  proxy.cut();
  expect(proxy.connections).toBe(0);
  await proxy.close();
  await until(() => expect(served.every((socket) => socket.closed)).toBe(true));
});
