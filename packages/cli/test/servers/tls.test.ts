// Certificates, and servers that show them.
import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates, type PostgresServer, startPostgres } from '../../src/servers/index.ts';
import { query } from './support.ts';

describe('makeCertificates', () => {
  it('makes an authority and a server certificate, ECDSA P-256, for names and addresses', async () => {
    const { ca, cert, key } = await makeCertificates(['localhost', '127.0.0.1', '::1']);
    const [authority, server] = [new X509Certificate(ca), new X509Certificate(cert)];
    expect([authority.ca, server.ca]).toEqual([true, false]);
    expect(server.verify(authority.publicKey)).toBe(true);
    expect(server.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(server.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1');
    expect(key).toContain('BEGIN PRIVATE KEY');
    expect([Date.parse(server.validFrom) < Date.now(), Date.parse(server.validTo) > Date.now()]).toEqual([
      true,
      true,
    ]);
  });

  it('makes one that has expired, under an authority that has not', async () => {
    const { ca, cert } = await makeCertificates(['localhost'], { expired: true });
    expect(Date.parse(new X509Certificate(cert).validTo)).toBeLessThan(Date.now());
    expect(Date.parse(new X509Certificate(ca).validTo)).toBeGreaterThan(Date.now());
  });

  it('gives each authority a name of its own, so that a client can trust several', async () => {
    const [one, other] = await Promise.all([
      makeCertificates(['localhost']),
      makeCertificates(['localhost']),
    ]);
    const server = createServer({ cert: other.cert, key: other.key });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const authorized = await new Promise<boolean>((resolve, reject) => {
      const socket = connect(
        { host: '127.0.0.1', servername: 'localhost', port, ca: [one.ca, other.ca] },
        () => {
          resolve(socket.authorized);
          socket.destroy();
        },
      );
      socket.once('error', reject);
    });
    expect(authorized).toBe(true);
    server.close();
  });
});

describe('a server with TLS', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres({ tls: true });
  });
  afterAll(() => server.stop());

  it('proves itself to a client that trusts its authority, by address and by name', async () => {
    const used = 'select ssl, version from pg_stat_ssl where pid = pg_backend_pid()';
    expect(await query(server, used)).toEqual([{ ssl: true, version: 'TLSv1.3' }]);
    const connectionString = server.connectionString().replace('127.0.0.1', 'localhost');
    expect(await query(server, used, { connectionString })).toEqual([{ ssl: true, version: 'TLSv1.3' }]);
  });

  it('does not prove itself to a client that does not trust its authority', async () => {
    const { ca } = await makeCertificates(['localhost']);
    const refused = { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' };
    await expect(query(server, 'select 1', { ssl: { ca } })).rejects.toMatchObject(refused);
    await expect(query(server, 'select 1', { ssl: true })).rejects.toMatchObject(refused);
  });
});

it('a server with an expired certificate is refused for just that', async () => {
  const server = await startPostgres({ tls: 'expired' });
  try {
    await expect(query(server, 'select 1')).rejects.toMatchObject({ code: 'CERT_HAS_EXPIRED' });
    const unchecked = { ssl: { rejectUnauthorized: false } };
    expect(await query(server, 'select 1 as one', unchecked)).toEqual([{ one: 1 }]);
  } finally {
    await server.stop();
  }
});
