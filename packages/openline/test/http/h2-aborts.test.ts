// Requests over HTTP/2 that their caller takes back: frame by frame, and what the session does afterwards.
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { Flag, type FramePeer, ok, setting, Type, word } from './support/h2-frames.ts';
import { givenFrames, givenH2Server } from './support/h2-servers.ts';
import { event, type Recorder, record } from './support/recorder.ts';

const cancel = word(8);

/** What was said on a stream: the types of the frames, and whether they end it. */
function saidOn(peer: FramePeer, id: number): [type: number, endsStream: boolean][] {
  return peer.frames
    .filter(({ stream }) => stream === id)
    .map(({ type, flags }) => [type, type !== Type.reset && (flags & Flag.endStream) !== 0]);
}

test('half a body is never told to be a whole one', async () => {
  const { connection, peer } = await givenFrames();
  const body = new Readable({ read: () => undefined });
  const request = record(connection, { method: 'POST', body });
  body.push('half');
  await peer.until(Type.data);
  request.abort(new Error('enough'));
  const [reset] = await peer.until(Type.reset);
  expect(saidOn(peer, 1)).toEqual([
    [Type.headers, false],
    [Type.data, false],
    [Type.reset, false],
  ]);
  expect(reset?.payload).toEqual(cancel);
});

test('half a body that the server answers is taken back, too', async () => {
  const { connection, peer } = await givenFrames();
  const request = record(connection, { method: 'POST', body: new Readable({ read: () => undefined }) });
  await peer.until(Type.headers);
  peer.send(Type.headers, Flag.endHeaders | Flag.endStream, 1, ok);
  await request.ended;
  await peer.until(Type.reset);
  expect(request.status).toBe(200);
  expect(saidOn(peer, 1)).toEqual([
    [Type.headers, false],
    [Type.reset, false],
  ]);
});

test('the reason comes back once, whenever it is', async () => {
  const server = await givenH2Server((stream, headers) => {
    if (headers[':path'] === '/silent') return;
    stream.respond({ ':status': 200 });
    stream.write('first');
  });
  const connection = await server.connect();
  const reason = new Error('enough');
  const before = record(connection, {}, { onConnect: (abort) => abort(reason) });
  expect(before.calls).toEqual(['connect', 'error']);
  const atOnce = record(connection, { path: '/silent' });
  atOnce.abort(reason);
  const inTheBody = record(connection);
  await inTheBody.until(({ received }) => received.length > 0);
  inTheBody.abort(reason);
  const keepsOn = (recorder: Recorder): boolean => {
    recorder.abort(reason);
    return true;
  };
  const atTheHead = record(connection, {}, { keepsOn });
  await atTheHead.ended;
  for (const request of [before, atOnce, inTheBody, atTheHead]) {
    await request.ended;
    request.abort(new Error('again'));
    expect(request.error).toBe(reason);
    expect(request.isUnprocessed).toBe(false);
    expect(request.calls.filter((call) => call === 'error')).toHaveLength(1);
    expect(request.calls).not.toContain('complete');
  }
  expect(connection.isQuiet).toBe(true);
  for (const { stream } of server.asked) if (!stream.closed) await event(stream, 'close');
  expect(server.sessions[0]?.closed).toBe(false);
  expect(server.asked.map((one) => one.stream.rstCode)).toEqual([8, 8, 8]);
});

test('an error of the receiver ends its request, and no other', async () => {
  const server = await givenH2Server((stream) => {
    stream.respond({ ':status': 200 });
    stream.end('fine');
  });
  const connection = await server.connect();
  const failure = new Error('in the receiver');
  const request = record(
    connection,
    {},
    {
      keepsOn: () => {
        throw failure;
      },
    },
  );
  const other = record(connection);
  await request.ended;
  expect(request.error).toBe(failure);
  expect((await other.ended).text).toBe('fine');
});

test('a request that has not been sent yet never is', async () => {
  const maxConcurrentStreams = 3;
  const { connection, peer } = await givenFrames(setting(maxConcurrentStreams, 1));
  expect(connection.capacity).toBe(1);
  const first = record(connection);
  const second = record(connection);
  const third = record(connection);
  second.abort(new Error('enough'));
  await peer.until(Type.headers);
  peer.send(Type.headers, Flag.endHeaders | Flag.endStream, 1, ok);
  await first.ended;
  await peer.until(Type.headers, 2);
  peer.send(Type.headers, Flag.endHeaders | Flag.endStream, 5, ok);
  expect((await third.ended).status).toBe(200);
  expect(saidOn(peer, 3)).toEqual([]);
});
