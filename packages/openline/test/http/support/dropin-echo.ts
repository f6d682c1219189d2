// A server's answer that tells what came, and reads it back.

import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request as a server saw it. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  /** In the order of their coming, names in small letters; without those that only HTTP/1.1 or only HTTP/2 has. */
  readonly headers: readonly (readonly [string, string])[];
  readonly host: string | undefined;
  readonly body: string;
}

const ofTheProtocol = new Set(['connection', 'host', 'transfer-encoding', 'keep-alive']);

/** Answers with what came, as JSON. */
export function echo(request: IncomingMessage, response: ServerResponse): void {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    const { rawHeaders } = request;
    const headers: [string, string][] = [];
    for (let at = 0; at < rawHeaders.length; at += 2) {
      const name = rawHeaders[at]!.toLowerCase();
      if (!name.startsWith(':') && !ofTheProtocol.has(name)) headers.push([name, rawHeaders[at + 1]!]);
    }
    const seen: Seen = {
      method: request.method!,
      url: request.url!,
      headers,
      host: request.headers.host ?? (request.headers[':authority'] as string | undefined),
      body: Buffer.concat(pieces).toString('latin1'),
    };
    response.setHeader('content-type', 'application/json');
    response.end(request.method === 'HEAD' ? '' : JSON.stringify(seen));
  });
}

/** What came under this name, in order. */
export function valuesOf(seen: Seen, name: string): string[] {
  return seen.headers.filter(([key]) => key === name).map(([, value]) => value);
}
