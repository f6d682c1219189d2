// How a TLS handshake begins: seen by a relay between the pool and the server.
import { type AddressInfo, connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { Pool } from 'openline/pg';
import { afterEach, describe, expect, test } from 'vitest';
import { ended } from '../support/pools.ts';
import { givenPostgres } from '../support/postgres.ts';

const recordOfHandshake = 0x16;
const clientHello = 1;

/** What one client sent first, and how many times it said hello: twice, where the server wants another key. */
interface Handshake {
  unasked: boolean;
  hellos: number;
}

/** Counts them over the records of a chunk (RFC 8446, 5.1): before its second hello a client sends another record. */
function hellosIn(chunk: Buffer): number {
  let hellos = 0;
  for (let at = 0; at + 5 < chunk.length; at += 5 + chunk.readUInt16BE(at + 3)) {
    if (chunk[at] === recordOfHandshake && chunk[at + 5] === clientHello) hellos++;
  }
  return hellos;
}

const relays: Server[] = [];

afterEach(() => {
  for (const relay of relays.splice(0)) relay.close();
});

/** Forwards everything, and notes how each client begins. `admits`: who is let through. */
async function relayTo(
  target: { readonly host: string; readonly port: number },
  admits: (handshake: Handshake) => boolean = () => true,
): Promise<{ readonly port: number; readonly seen: Handshake[] }> {
  const seen: Handshake[] = [];
  const relay = createServer((client: Socket) => {
    const handshake: Handshake = { unasked: false, hellos: 0 };
    seen.push(handshake);
    const server = connectTcp(target);
    let isFirst = true;
    client.on('data', (chunk) => {
      if (isFirst) handshake.unasked = chunk[0] === recordOfHandshake;
      isFirst = false;
      handshake.hellos += hellosIn(chunk);
      if (admits(handshake)) server.write(chunk);
      else client.destroy();
    });
    server.pipe(client);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.on('error', () => undefined);
      socket.on('close', () => other.destroy());
    }
  });
  relays.push(relay);
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  return { port: (relay.address() as AddressInfo).port, seen };
}

describe.each([15, 18] as const)('PostgreSQL %i', (version) => {
  const database = givenPostgres({ version, tls: true });
  const pooled = (port: number, further: object = {}): Pool =>
    ended(new Pool({ ...database.config(), port, max: 3, ...further }));

  test('is offered the key that suits it at once', async () => {
    const relay = await relayTo(database.server);
    await pooled(relay.port).warm(1);
    expect(relay.seen).toEqual([{ unasked: false, hellos: 1 }]);
  });

  test('is offered what the user names, if it costs a hello more', async () => {
    const relay = await relayTo(database.server);
    const ssl = { ca: database.server.ca, ecdhCurve: 'P-384:P-256' };
    await pooled(relay.port, { ssl }).warm(1);
    expect(relay.seen).toEqual([{ unasked: false, hellos: 2 }]);
  });

  test('is asked for TLS once, and then no more if it takes it unasked', async () => {
    const relay = await relayTo(database.server);
    const pool = pooled(relay.port);
    await pool.warm(1);
    await pool.warm(3);
    const unasked = version >= 17;
    expect(relay.seen.map((handshake) => handshake.unasked)).toEqual([false, unasked, unasked]);
    const { rows } = await pool.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()');
    expect(rows).toEqual([{ ssl: true }]);
  });

  test('is asked each time where something before it wants to be asked, at the price of one attempt', async () => {
    const relay = await relayTo(database.server, ({ unasked }) => !unasked);
    const pool = pooled(relay.port);
    await pool.warm(1);
    await pool.warm(2);
    await pool.warm(3);
    const unasked = relay.seen.filter((handshake) => handshake.unasked).length;
    expect(unasked).toBe(version >= 17 ? 1 : 0);
    expect(pool.stats().totals).toMatchObject({ opened: 3, openFailed: 0 });
  });

  test('is asked as the user says', async () => {
    const relay = await relayTo(database.server);
    const pool = pooled(relay.port, { sslnegotiation: 'postgres' });
    await pool.warm(1);
    await pool.warm(2);
    expect(relay.seen.map((handshake) => handshake.unasked)).toEqual([false, false]);
  });

  test('is known by its certificate however it is asked', async () => {
    const relay = await relayTo(database.server);
    const ssl = { ca: database.server.ca, servername: 'other.invalid' };
    await expect(pooled(relay.port, { ssl }).warm(1)).rejects.toMatchObject({ phase: 'tls' });
  });
});
