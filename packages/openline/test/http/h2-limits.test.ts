// What bounds an HTTP/2 connection: what the server allows, what it may make this process keep, and when it keeps the process alive.
import http2 from 'node:http2';
import { syncBuiltinESMExports } from 'node:module';
import { expect, onTestFinished, test } from 'vitest';
import { givenPrograms } from '../support/programs.ts';
import { Flag, ok, setting, Type, word } from './support/h2-frames.ts';
import { givenFrames, givenH2Server } from './support/h2-servers.ts';
import { record } from './support/recorder.ts';

const maxConcurrentStreams = 3;

test.each([
  ['the server says', setting(maxConcurrentStreams, 7), undefined, 7],
  ['the options say, if that is less', setting(maxConcurrentStreams, 70), 7, 7],
  ['is sane, where the server says nothing', Buffer.alloc(0), undefined, 1000],
])('it carries as many requests as %s', async (_, settings, maxConcurrentStreams, capacity) => {
  const { connection } = await givenFrames(settings, { maxConcurrentStreams });
  expect(connection.capacity).toBe(capacity);
});

test('its capacity follows the server', async () => {
  const { connection, peer } = await givenFrames(setting(maxConcurrentStreams, 7));
  peer.send(Type.settings, Flag.none, 0, setting(maxConcurrentStreams, 3));
  // Both settings are acknowledged by then.
  while (peer.frames.filter(({ type, flags }) => type === Type.settings && flags === Flag.ack).length < 2)
    await peer.until(Type.settings, peer.frames.filter(({ type }) => type === Type.settings).length + 1);
  expect(connection.capacity).toBe(3);
});

test('it retires when its stream ids run out, and loses no request', async () => {
  type Session = ReturnType<typeof http2.connect> & { setNextStreamID(id: number): void };
  let session: Session | undefined;
  const { connect } = http2;
  http2.connect = ((...args: Parameters<typeof connect>) => {
    session = connect(...args) as Session;
    return session;
  }) as typeof connect;
  syncBuiltinESMExports();
  onTestFinished(() => {
    http2.connect = connect;
    syncBuiltinESMExports();
  });
  const server = await givenH2Server((stream) => stream.respond({ ':status': 200 }, { endStream: true }));
  const connection = await server.connect();
  let retired = 0;
  connection.onRetired(() => retired++);
  session?.setNextStreamID(2 ** 31 - 3);
  expect((await record(connection).ended).status).toBe(200);
  expect(retired).toBe(0);
  const last = record(connection);
  expect(retired).toBe(1);
  expect(connection.capacity).toBe(0);
  const late = await record(connection).ended;
  expect(late.isUnprocessed).toBe(true);
  expect(late.error?.message).toContain('can carry no further requests');
  expect((await last.ended).status).toBe(200);
});

test('headers that are too large fail their request, and no other', async () => {
  const server = await givenH2Server(
    (stream, headers) => {
      stream.respond({
        ':status': 200,
        ...(headers[':path'] === '/large' && { 'x-large': 'x'.repeat(20_000) }),
      });
      stream.end('fine');
    },
    { maxSendHeaderBlockLength: 1 << 20 },
  );
  const connection = await server.connect({ maxHeaderSize: 16_384 });
  // The answer proves that the server has read the limit.
  await record(connection).ended;
  const large = await record(connection, { path: '/large' }).ended;
  expect(large.error?.message).toContain('16384 bytes of maxHeaderSize');
  expect((await record(connection).ended).text).toBe('fine');
});

test('headers that are too large before the server knows the limit fail their request, too', async () => {
  const { connection, peer } = await givenFrames(undefined, { maxHeaderSize: 64 });
  const request = record(connection);
  await peer.until(Type.headers);
  // A literal field without indexing, its name and value not compressed (RFC 7541, 6.2.2).
  const field = Buffer.concat([Buffer.from([0, 1, 0x78, 100]), Buffer.alloc(100, 'x')]);
  peer.send(Type.headers, Flag.endHeaders | Flag.endStream, 1, Buffer.concat([ok, field]));
  expect((await request.ended).error).toMatchObject({ code: 'UND_ERR_HEADERS_OVERFLOW' });
});

test('as many fields as fit in the size are taken', async () => {
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`x-${at}`, 'y']));
  const server = await givenH2Server((stream) => {
    stream.respond({ ':status': 200, ...many });
    stream.end();
  });
  const { fields } = await record(await server.connect()).ended;
  expect(fields.filter(([name]) => name.startsWith('x-'))).toHaveLength(500);
});

test('what is pushed is turned away', async () => {
  const { connection, peer } = await givenFrames();
  const request = record(connection);
  await peer.until(Type.headers);
  const promised = Buffer.concat([word(2), Buffer.from([0x82, 0x84, 0x86, 0x41, 1, 0x78])]);
  peer.send(Type.pushPromise, Flag.endHeaders, 1, promised);
  const [reset] = await peer.until(Type.reset);
  expect(reset?.stream).toBe(2);
  peer.send(Type.headers, Flag.endHeaders | Flag.endStream, 1, ok);
  expect((await request.ended).status).toBe(200);
});

test('a reader who pauses lets no more come than a window, and holds up nobody else', async () => {
  let written = 0;
  const server = await givenH2Server((stream, headers) => {
    stream.respond({ ':status': 200 });
    if (headers[':path'] !== '/endless') {
      stream.end('fine');
      return;
    }
    const write = (): void => {
      let takesMore = !stream.destroyed;
      while (takesMore) {
        takesMore = stream.write(Buffer.alloc(16_384));
        written += 16_384;
      }
    };
    stream.on('drain', write);
    write();
  });
  const connection = await server.connect();
  const paused = Array.from({ length: 20 }, () =>
    record(connection, { path: '/endless' }, { keepsOn: () => false }),
  );
  for (const request of paused) await request.until(({ heads }) => heads.length === 1);
  while (written / paused.length < 200_000) await connection.ping();
  for (let quiet = 0, before = 0; quiet < 5; quiet = written === before ? quiet + 1 : 0) {
    before = written;
    expect((await record(connection).ended).text).toBe('fine');
  }
  expect(written / paused.length).toBeLessThan(400_000);
  expect(paused.every(({ received }) => received.length === 0)).toBe(true);
});

test('a body that is paused after every piece arrives whole', async () => {
  const body = Buffer.alloc(3_000_000, 'abcdefghijk');
  const server = await givenH2Server((stream) => {
    stream.respond({ ':status': 200 });
    stream.end(body);
  });
  const connection = await server.connect();
  const request = record(
    connection,
    {},
    {
      keepsOn: (recorder) => {
        setImmediate(() => recorder.resume());
        return false;
      },
    },
  );
  await request.ended;
  expect(Buffer.concat(request.received).equals(body)).toBe(true);
});

test('large bodies of many requests at once all arrive', async () => {
  const server = await givenH2Server((stream) => {
    let size = 0;
    stream.on('data', (piece: Buffer) => {
      size += piece.length;
    });
    stream.on('end', () => {
      stream.respond({ ':status': 200 });
      stream.end(String(size));
    });
  });
  const connection = await server.connect();
  const body = Buffer.alloc(1_000_000);
  const requests = Array.from({ length: 60 }, () => record(connection, { method: 'POST', body }));
  for (const request of requests) expect((await request.ended).text).toBe('1000000');
});

const programs = givenPrograms();

test('it keeps the process alive while a request is under way, and not when it is idle', async () => {
  const server = await givenH2Server((stream) => {
    setImmediate(() => {
      stream.respond({ ':status': 200 });
      stream.end();
    });
  });
  const { status, told, complaints } = await programs.run(`
    import { connect } from 'node:net';
    import { once } from 'node:events';
    import { openH2 } from './http/h2-connection.js';
    const socket = connect(${server.port}, '127.0.0.1');
    await once(socket, 'connect');
    const connection = await openH2(socket, 'http://127.0.0.1:${server.port}');
    const ask = () => new Promise((resolve, reject) => {
      const nothing = () => true;
      connection.send({ path: '/', method: 'GET' }, {
        onConnect: nothing, onBodySent: nothing, onRequestSent: nothing, onResponseStarted: nothing, onHeaders: nothing,
        onData: nothing, onComplete: resolve, onUpgrade: nothing, onError: reject,
      });
    });
    await ask();
    await connection.ping();
    await ask();
    tell('answered');
  `);
  expect(complaints).toBe('');
  expect(told).toEqual(['answered']);
  expect(status).toBe(0);
});
