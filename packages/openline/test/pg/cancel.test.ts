// A statement is cancelled over a socket of its own, which is as well guarded as the session's.
import { type AddressInfo, createServer, type Server, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { ManualClock } from 'openline/testing';
import { makeCertificates } from 'openline-cli/servers';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type CancelOutcome, cancelStatement } from '../../src/pg/cancel.ts';
import type { DriverClient } from '../../src/pg/driver.ts';
import { type Database, givenPostgres, until } from '../support/postgres.ts';
import { Relay } from '../support/relay.ts';

/** More than any cancel here takes: a test that needs it hangs for good. */
const limitMs = 60_000;
const cancelCode = Buffer.from([0x04, 0xd2, 0x16, 0x2e]);
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
const recordOfHandshake = 0x16;

async function connected(config: pg.ClientConfig): Promise<pg.Client & DriverClient> {
  const client = new pg.Client(config);
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.end());
  return client as pg.Client & DriverClient;
}

/** Has the session sleep, and resolves when the server is at it: a cancel that came before would cancel nothing. */
async function sleeping(
  client: pg.Client & DriverClient,
  database: Database,
): Promise<{ code: Promise<string> }> {
  const code = client.query('select pg_sleep(60)').then(
    () => 'slept',
    (error: pg.DatabaseError) => String(error.code),
  );
  const text = "select from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'";
  await until(async () => (await database.ask(text, [client.processID])).length === 1, 'it sleeps');
  return { code };
}

/** The session's secret as it would stand on the wire. */
function secretOf(client: DriverClient): Buffer {
  const secret = Buffer.alloc(4);
  secret.writeInt32BE(client.secretKey as number);
  return secret;
}

/** What has failed tells why, and none of what must not be told. */
function expectFailure(outcome: CancelOutcome, client: DriverClient, message: RegExp): void {
  expect(outcome.sent).toBe(false);
  const { error } = outcome as CancelOutcome & { sent: false };
  expect(error).toBeInstanceOf(Error);
  expect(error.message).toMatch(message);
  const told = `${error.stack} ${JSON.stringify(error)}`;
  const { password } = client as { password?: string };
  for (const secret of [String(client.secretKey), password]) if (secret) expect(told).not.toContain(secret);
}

const servers = [
  ['PostgreSQL 15', { version: 15 }, {}],
  ['PostgreSQL 15 over TLS', { version: 15, tls: true }, {}],
  ['PostgreSQL 18', { version: 18 }, {}],
  ['PostgreSQL 18 over TLS', { version: 18, tls: true }, {}],
  ['PostgreSQL 18 over TLS unasked', { version: 18, tls: true }, { sslnegotiation: 'direct' }],
] as const;

describe.each(servers)('%s', (_name, options, further) => {
  const database = givenPostgres(options);
  const isSecured = 'tls' in options;
  const pid = 'select pg_backend_pid() as pid';

  test('cancels what runs in the session, and leaves the session', async () => {
    const client = await connected(database.config(further));
    const { code } = await sleeping(client, database);
    expect(await cancelStatement(client, { limitMs })).toEqual({ sent: true });
    expect(await code).toBe('57014');
    expect((await client.query(pid)).rows).toEqual([{ pid: client.processID }]);
  });

  test(`is told the secret ${isSecured ? 'under TLS alone' : 'in the clear, as the session was'}`, async () => {
    const relay = await Relay.to(database.server);
    const client = await connected({ ...database.config(further), port: relay.port });
    const { code } = await sleeping(client, database);
    expect(await cancelStatement(client, { limitMs })).toEqual({ sent: true });
    expect(await code).toBe('57014');
    const { said } = relay.clients[1]!;
    expect(said.includes(cancelCode)).toBe(!isSecured);
    expect(said.includes(secretOf(client))).toBe(!isSecured);
    if (!isSecured) return;
    if ('sslnegotiation' in further) expect(said[0]).toBe(recordOfHandshake);
    else expect(said.subarray(0, 9)).toEqual(Buffer.concat([sslRequest, Buffer.of(recordOfHandshake)]));
  });

  test('is found at the address of the session, whatever has become of its name', async () => {
    const relay = await Relay.to(database.server);
    const client = await connected({ ...database.config(further), host: 'localhost', port: relay.port });
    const { code } = await sleeping(client, database);
    Object.assign(client, { host: isSecured ? 'localhost' : 'moved.invalid' });
    expect(await cancelStatement(client, { limitMs })).toEqual({ sent: true });
    expect(await code).toBe('57014');
    // The name is still the one that the certificate must bear.
    if (isSecured) expect(relay.clients[1]!.said.includes('localhost')).toBe(true);
  });
});

describe('where something is wrong', () => {
  const plain = givenPostgres({ version: 15 });
  const secured = givenPostgres({ version: 15, tls: true });

  test('a server that is silent costs no more than the limit', async () => {
    const clock = new ManualClock();
    const relay = await Relay.to(plain.server);
    const client = await connected({ ...plain.config(), port: relay.port });
    relay.target = undefined;
    let outcome: CancelOutcome | undefined;
    const cancelled = cancelStatement(client, { limitMs: 1_000, clock }).then((result) => {
      outcome = result;
    });
    await until(() => relay.clients[1]?.said.length === 16, 'the cancel is written');
    await clock.advance(999);
    expect(outcome).toBeUndefined();
    await clock.advance(1);
    await cancelled;
    expectFailure(outcome!, client, /^written, but not taken within 1000 ms$/);
    await until(() => !relay.clients[1]!.isOpen, 'its socket is closed');
    expect(clock.pending).toEqual([]);
  });

  test('a server that is silent before TLS is told nothing', async () => {
    const clock = new ManualClock();
    const relay = await Relay.to(secured.server);
    const client = await connected({ ...secured.config(), port: relay.port });
    relay.target = undefined;
    const cancelled = cancelStatement(client, { limitMs: 1_000, clock });
    await until(() => relay.clients[1]?.said.length === 8, 'TLS is asked for');
    await clock.advance(1_000);
    expectFailure(await cancelled, client, /^not sent within 1000 ms$/);
    await until(() => !relay.clients[1]!.isOpen, 'its socket is closed');
    expect(relay.clients[1]!.said).toEqual(sslRequest);
  });

  test('a server that has no TLS any more is told nothing', async () => {
    const relay = await Relay.to(secured.server);
    const client = await connected({ ...secured.config(), port: relay.port });
    relay.target = plain.server;
    expectFailure(await cancelStatement(client, { limitMs }), client, /does not support SSL/);
    await until(() => !relay.clients[1]!.isOpen, 'its socket is closed');
    expect(relay.clients[1]!.said).toEqual(sslRequest);
  });

  test('a server with a certificate of its own making is told nothing, even under TLS', async () => {
    const relay = await Relay.to(secured.server);
    const client = await connected({ ...secured.config(), port: relay.port });
    const impostor = await Impostor.start();
    relay.target = impostor;
    expectFailure(await cancelStatement(client, { limitMs }), client, /certificate/);
    await impostor.stop();
    expect(impostor.hasShakenHands).toBe(true);
    expect(impostor.heard).toEqual(Buffer.alloc(0));
  });

  test('a server that leaves in the middle of the handshake is told nothing', async () => {
    const relay = await Relay.to(secured.server);
    const client = await connected({ ...secured.config(), port: relay.port });
    const leaver = createServer((socket) => socket.once('data', () => socket.end('S')));
    await new Promise<void>((resolve) => leaver.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void leaver.close());
    relay.target = { host: '127.0.0.1', port: (leaver.address() as AddressInfo).port };
    expectFailure(await cancelStatement(client, { limitMs }), client, /before secure TLS connection/);
  });

  test('a port that refuses is told, and nothing thrown', async () => {
    const relay = await Relay.to(plain.server);
    const client = await connected({ ...plain.config(), port: relay.port });
    const { port } = relay;
    await relay.close();
    const outcome = await cancelStatement(client, { limitMs });
    expectFailure(outcome, client, new RegExp(`ECONNREFUSED 127\\.0\\.0\\.1:${port}`));
  });

  test('a client that never connected has nothing to cancel', async () => {
    const client = new pg.Client(plain.config()) as pg.Client & DriverClient;
    expectFailure(await cancelStatement(client, { limitMs }), client, /no session yet/);
  });

  test('a stream that serves once is not used twice', async () => {
    const client = await connected(plain.config());
    const outcome = await cancelStatement(client, { limitMs, stream: client.connection!.stream });
    expectFailure(outcome, client, /serves one connection only/);
  });

  test.each([
    ['cannot be written', { secretKey: 2 ** 40 }, /cannot write the session's secret/],
    ['cannot be begun', { port: -1 }, /port/i],
  ])('what %s is told, and nothing thrown', async (_what, changed, message) => {
    const clock = new ManualClock();
    const client = await connected(plain.config());
    Object.assign(client, changed);
    expectFailure(await cancelStatement(client, { limitMs, clock }), client, message);
    expect(clock.pending).toEqual([]);
  });

  test('a session whose TLS the driver did not begin is never cancelled in the clear', async () => {
    const client = await connected(secured.config());
    client.connection!.ssl = false;
    expectFailure(await cancelStatement(client, { limitMs }), client, /does not know how that was begun/);
  });
});

describe('by other ways', () => {
  const database = givenPostgres({ version: 18 });

  test('a server behind a socket file is asked through it', async () => {
    const { relay, folder } = await Relay.onFile(database.server, 6_543);
    const client = await connected({ ...database.config(), host: folder, port: 6_543 });
    const { code } = await sleeping(client, database);
    expect(await cancelStatement(client, { limitMs })).toEqual({ sent: true });
    expect(await code).toBe('57014');
    expect(relay.clients).toHaveLength(2);
  });

  test('a stream of the user’s own is made once more', async () => {
    const relay = await Relay.to(database.server);
    let made = 0;
    const stream = (): Socket => {
      made += 1;
      const socket = new Socket();
      const connect = socket.connect.bind(socket);
      socket.connect = (() => connect({ host: '127.0.0.1', port: relay.port })) as typeof socket.connect;
      return socket;
    };
    const client = await connected({ ...database.config(), host: 'tunnel.invalid', stream });
    const { code } = await sleeping(client, database);
    expect(await cancelStatement(client, { limitMs, stream })).toEqual({ sent: true });
    expect(await code).toBe('57014');
    expect(made).toBe(2);
  });
});

/** Speaks TLS as PostgreSQL does, with a certificate that nobody has signed who is trusted. */
class Impostor {
  readonly host = '127.0.0.1';
  port = 0;
  heard: Buffer = Buffer.alloc(0);
  hasShakenHands = false;
  readonly #server: Server;
  readonly #ended: Promise<void>[] = [];

  private constructor(certificate: { readonly cert: string; readonly key: string }) {
    this.#server = createServer((socket) => {
      this.#ended.push(new Promise((resolve) => socket.once('close', () => resolve())));
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write('S');
        // In 1.3 the client would leave before the server is through with its handshake.
        const secured = new TLSSocket(socket, { isServer: true, maxVersion: 'TLSv1.2', ...certificate });
        secured.on('secure', () => {
          this.hasShakenHands = true;
        });
        secured.on('error', () => undefined);
        secured.on('data', (chunk: Buffer) => {
          this.heard = Buffer.concat([this.heard, chunk]);
        });
      });
    });
  }

  static async start(): Promise<Impostor> {
    const impostor = new Impostor(await makeCertificates(['localhost', '127.0.0.1']));
    await new Promise<void>((resolve) => impostor.#server.listen(0, impostor.host, resolve));
    impostor.port = (impostor.#server.address() as AddressInfo).port;
    return impostor;
  }

  /** Resolves when everybody has gone. */
  async stop(): Promise<void> {
    await Promise.all(this.#ended);
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
