// Throwaway TLS certificates: an authority made on the fly, and a server certificate that it signed.
import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { generate } from 'selfsigned';

const DAY_MS = 86_400_000;

/** What kind of server certificate to make. */
export interface CertificateOptions {
  /** `true`: the server certificate (not the authority) expired yesterday. Default `false`. */
  expired?: boolean;
}

/** PEM texts: give `ca` to the client, `cert` and `key` to the server. */
export interface Certificates {
  /** Certificate of the authority, for a client to trust. */
  ca: string;
  /** Certificate of the server, signed by the authority. */
  cert: string;
  /** Private key of `cert`, PKCS #8, not encrypted. */
  key: string;
}

/**
 * Makes an authority and a server certificate (ECDSA P-256, valid for 30 days) for host names and IP addresses.
 *
 * @example
 * const { ca, cert, key } = await makeCertificates(['localhost', '127.0.0.1']);
 */
export async function makeCertificates(
  hosts: string[],
  options: CertificateOptions = {},
): Promise<Certificates> {
  const now = Date.now();
  const common = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;
  // A name of its own: where two authorities share one, a client that trusts both may try the wrong key and fail.
  const authorityName = `Openline throwaway authority ${randomBytes(6).toString('hex')}`;
  const authority = await generate([{ name: 'commonName', value: authorityName }], {
    ...common,
    notBeforeDate: new Date(now - 60 * DAY_MS),
    notAfterDate: new Date(now + 60 * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const server = await generate([{ name: 'commonName', value: hosts[0] ?? 'localhost' }], {
    ...common,
    notBeforeDate: new Date(now - (options.expired ? 30 : 1) * DAY_MS),
    notAfterDate: new Date(now + (options.expired ? -1 : 30) * DAY_MS),
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: hosts.map((host) => (isIP(host) ? { type: 7, ip: host } : { type: 2, value: host })),
      },
    ],
  });
  return { ca: authority.cert, cert: server.cert, key: server.private };
}
