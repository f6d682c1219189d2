// A server that takes no more requests on a connection: what is under way comes to its end, and what it never began is known to be so.
import type { ServerHttp2Stream } from 'node:http2';
import { expect, test } from 'vitest';
import { Flag, type FramePeer, ok, setting, Type, word } from './support/h2-frames.ts';
import { type connectTo, givenFrames, givenH2Server } from './support/h2-servers.ts';
import { type Recorder, record } from './support/recorder.ts';

const noError = 0;
const refusedStream = 7;
const enhanceYourCalm = 11;
const highestId = 2 ** 31 - 1;
const maxConcurrentStreams = 3;

const answer = (peer: FramePeer, id: number): void => {
  peer.send(Type.headers, Flag.endHeaders, id, ok);
  peer.send(Type.data, Flag.endStream, id, Buffer.from('fine'));
};

const goaway = (peer: FramePeer, lastId: number, code: number): void => {
  peer.send(Type.goaway, Flag.none, 0, word(lastId, code));
};

function watched(connection: Awaited<ReturnType<typeof connectTo>>): {
  retired: number;
  lost: Error[];
  readonly once: Promise<void>;
} {
  let settle: () => void = () => undefined;
  const seen = {
    retired: 0,
    lost: [] as Error[],
    once: new Promise<void>((resolve) => {
      settle = resolve;
    }),
  };
  connection.onRetired(() => {
    seen.retired++;
    settle();
  });
  connection.onLost((error) => seen.lost.push(error));
  return seen;
}

test('a graceful one lets five requests come to their end', async () => {
  const streams: ServerHttp2Stream[] = [];
  const server = await givenH2Server((stream) => void streams.push(stream));
  const connection = await server.connect();
  const seen = watched(connection);
  const requests = Array.from({ length: 5 }, () => record(connection));
  while (streams.length < 5) await connection.ping();
  server.sessions[0]?.goaway(noError, highestId);
  await seen.once;
  expect(connection.capacity).toBe(0);
  const late = record(connection);
  expect(late.calls).toEqual(['error']);
  expect(late.isUnprocessed).toBe(true);
  server.sessions[0]?.goaway(noError, streams.at(-1)?.id);
  for (const stream of streams) {
    stream.respond({ ':status': 200 });
    stream.end('fine');
  }
  for (const request of requests) expect((await request.ended).text).toBe('fine');
  expect(seen.retired).toBe(1);
});

test('requests above its last id have not been begun, and those below go on', async () => {
  const { connection, peer } = await givenFrames();
  const requests = [
    record(connection),
    record(connection),
    record(connection, { method: 'POST', body: 'x' }),
  ];
  const [first, second, third] = requests as [Recorder, Recorder, Recorder];
  await peer.until(Type.headers, 3);
  goaway(peer, 3, noError);
  await third.ended;
  expect(third.isUnprocessed).toBe(true);
  expect(third.error?.message).toContain('has not begun to work on this one');
  answer(peer, 1);
  answer(peer, 3);
  expect((await first.ended).text).toBe('fine');
  expect((await second.ended).text).toBe('fine');
});

test('requests that waited for their turn were not begun either', async () => {
  const { connection, peer } = await givenFrames(setting(maxConcurrentStreams, 1));
  const sent = record(connection);
  const waiting = record(connection);
  await peer.until(Type.headers);
  goaway(peer, highestId, noError);
  await waiting.ended;
  expect(waiting.isUnprocessed).toBe(true);
  answer(peer, 1);
  expect((await sent.ended).text).toBe('fine');
  expect(peer.frames.filter(({ type }) => type === Type.headers)).toHaveLength(1);
});

test('one with an error ends the connection, and tells which requests were not begun', async () => {
  const { connection, peer } = await givenFrames();
  const seen = watched(connection);
  const begun = record(connection);
  const notBegun = record(connection);
  await peer.until(Type.headers, 2);
  goaway(peer, 1, enhanceYourCalm);
  await begun.ended;
  await notBegun.ended;
  expect(begun.isUnprocessed).toBe(false);
  expect(begun.error?.message).toMatch(/closed while a request was under way.*ENHANCE_YOUR_CALM/);
  expect(notBegun.isUnprocessed).toBe(true);
  expect(seen.retired).toBe(1);
  expect(seen.lost).toHaveLength(1);
});

test('a refused stream has not been begun, and the session goes on', async () => {
  const server = await givenH2Server((stream, headers) => {
    if (headers[':path'] === '/refused') stream.close(refusedStream);
    else stream.respond({ ':status': 200 }, { endStream: true });
  });
  const connection = await server.connect();
  const refused = await record(connection, { method: 'POST', path: '/refused', body: 'x' }).ended;
  expect(refused.isUnprocessed).toBe(true);
  expect(refused.error).toMatchObject({
    code: 'UND_ERR_SOCKET',
    message: expect.stringContaining('refused'),
  });
  expect((await record(connection).ended).status).toBe(200);
});

test('a stream that is refused after its response began was begun', async () => {
  const { connection, peer } = await givenFrames();
  const request = record(connection);
  await peer.until(Type.headers);
  peer.send(Type.headers, Flag.endHeaders, 1, ok);
  await request.until(({ heads }) => heads.length === 1);
  peer.send(Type.reset, Flag.none, 1, word(refusedStream));
  await request.ended;
  expect(request.isUnprocessed).toBe(false);
});

test('who asks late hears of it, too', async () => {
  const { connection, peer } = await givenFrames();
  const early = watched(connection);
  goaway(peer, 0, noError);
  await early.once;
  await watched(connection).once;
});

test('a connection without requests closes when its server leaves', async () => {
  const server = await givenH2Server(() => undefined);
  const connection = await server.connect();
  const lost = new Promise<Error>((resolve) => connection.onLost(resolve));
  server.sessions[0]?.close();
  expect((await lost).message).toContain('no request was under way');
});
