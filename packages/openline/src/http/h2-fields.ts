// The header fields of a response over HTTP/2, as a receiver takes them: pairs of name and value.

import type { IncomingHttpHeaders } from 'node:http2';
import { errors } from 'undici';

/** Names repeat from response to response, so their bytes are made once. A server may make names up: no more than this many are kept. */
const maxKnownNames = 512;
const knownNames = new Map<string, Buffer>();

/** What a field costs beside its name and value (RFC 9113, 10.5.1; RFC 7541, 4.1). */
export const fieldOverhead = 32;

function bytesOf(name: string): Buffer {
  const known = knownNames.get(name);
  if (known !== undefined) return known;
  const bytes = Buffer.from(name, 'latin1');
  if (knownNames.size < maxKnownNames) knownNames.set(name, bytes);
  return bytes;
}

/**
 * The fields without the pseudo ones.
 *
 * @param headers - as Node's object, in which all repeated fields but `set-cookie` are one
 * @param listed - name after value after name, as they came: Node gives them to its listeners, and says so from version 24 on
 * @param maxSize - the most that names and values may have together, in bytes
 * @throws undici's HeadersOverflowError
 */
export function fieldsOf(headers: IncomingHttpHeaders, listed: unknown, maxSize: number): Buffer[] {
  const pairs = Array.isArray(listed) ? (listed as readonly string[]) : pairsOf(headers);
  const fields: Buffer[] = [];
  let size = 0;
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const name = pairs[at] as string;
    if (name.charCodeAt(0) === 0x3a) continue;
    const value = pairs[at + 1] as string;
    size += name.length + value.length;
    fields.push(bytesOf(name), Buffer.from(value, 'latin1'));
  }
  if (size > maxSize)
    throw new errors.HeadersOverflowError(
      `the header fields have ${size} bytes, more than the ${maxSize} of maxHeaderSize`,
    );
  return fields;
}

function pairsOf(headers: IncomingHttpHeaders): string[] {
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    for (const one of Array.isArray(value) ? value : [value]) pairs.push(name, String(one));
  }
  return pairs;
}
