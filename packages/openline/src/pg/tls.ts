// What shortens a client's TLS handshake: the right key share at the first try, and no question before it.

import type { DriverClient } from './driver.ts';

/**
 * PostgreSQL up to 17 agrees on P-256 alone, while Node offers a key for X25519 first: the server asks for another one, which costs a round
 * trip (`ssl_ecdh_curve` in PostgreSQL's documentation; RFC 8446, 4.1.4). What Node offers otherwise stays on offer.
 */
const curves = 'P-256:X25519:P-384:P-521';

/** The first version that takes a TLS handshake without being asked for TLS before (PostgreSQL documentation, "SSL Session Encryption"). */
const directSinceVersion = 17;

/** The certificate or the handshake itself is at fault, whichever way it began. */
const isOfCertificate = /CERT|SIGNATURE|ALTNAME|ISSUER|SELF_SIGNED|ERR_SSL/;

/** Knows how the server of one pool takes TLS. */
export class TlsShortcuts {
  #direct: 'unknown' | 'taken' | 'refused' = 'unknown';

  /** Prepares a client that is about to connect. */
  prepare(client: DriverClient): TlsAttempt | undefined {
    const { connection } = client;
    if (!client.ssl || connection === undefined) return undefined;
    connection.ssl = withCurves(client.ssl);
    if (client.connectionParameters?.sslnegotiation !== undefined) return undefined;
    const isDirect = this.#direct === 'taken';
    if (isDirect) {
      client.sslNegotiation = 'direct';
      connection.sslNegotiation = 'direct';
    }
    const attempt = new TlsAttempt(isDirect);
    connection.once('connect', () => {
      attempt.isConnected = true;
    });
    connection.on('parameterStatus', ({ parameterName, parameterValue }) => {
      if (parameterName !== 'server_version') return;
      if (this.#direct === 'unknown' && Number.parseInt(parameterValue, 10) >= directSinceVersion)
        this.#direct = 'taken';
      attempt.isSecured = true;
    });
    return attempt;
  }

  /**
   * Says whether an attempt that failed is worth another one at once, now with the question first: what stands before the server (a pooler,
   * a proxy) may not take TLS unasked. It is not tried again then.
   */
  isWorthAsking(attempt: TlsAttempt | undefined, error: unknown): boolean {
    if (attempt === undefined || !attempt.isDirect || !attempt.isConnected || attempt.isSecured) return false;
    if (isOfCertificate.test(String((error as { code?: unknown } | null)?.code))) return false;
    this.#direct = 'refused';
    return true;
  }
}

/** How far one client came. */
class TlsAttempt {
  readonly isDirect: boolean;
  isConnected = false;
  isSecured = false;

  constructor(isDirect: boolean) {
    this.isDirect = isDirect;
  }
}

/** The TLS options with the curves; the user's own win. A key is not enumerable there, and stays so. */
function withCurves(ssl: unknown): unknown {
  if (typeof ssl !== 'object' || ssl === null) return { ecdhCurve: curves };
  if ('ecdhCurve' in ssl) return ssl;
  return Object.defineProperties(
    { ecdhCurve: curves },
    Object.getOwnPropertyDescriptors(ssl) as PropertyDescriptorMap,
  );
}
