// Where a socket's reads go. Node allocates 64 KiB for each of them, however little has come: a good part of what a small response costs.

import type { OnReadOpts, Socket } from 'node:net';

/** Node's own size for a read from TCP. */
export const tcpReadBytes = 65_536;
/** A record of TLS (RFC 8446, section 5.1): no read gives more. */
export const tlsReadBytes = 16_384;

/** For the reads of all sockets, one after another: what came is copied out. */
const shared = Buffer.allocUnsafeSlow(tcpReadBytes);

/**
 * The `onread` of one socket, which it stays a stream with. Little goes by way of the shared buffer; while much comes, each piece has a buffer
 * to itself.
 *
 * @param mostBytes - of one read
 */
export function reads(mostBytes: number): OnReadOpts {
  // From a quarter of a buffer on a copy costs more than a buffer.
  const muchBytes = mostBytes / 4;
  let hasMuch = false;
  let current: Buffer | undefined;
  /** Node goes on with the buffer that it has when it is given nothing, which saves it a look at that again. */
  const nextBuffer = (): Buffer | undefined => {
    if (!hasMuch && current === shared) return undefined;
    current = hasMuch ? Buffer.allocUnsafeSlow(mostBytes) : shared;
    return current;
  };
  return {
    buffer: nextBuffer as () => Buffer,
    callback(this: Socket, length, buffer) {
      hasMuch = length >= muchBytes;
      if (hasMuch && buffer !== shared) return this.push(buffer.subarray(0, length));
      const piece = Buffer.allocUnsafe(length);
      piece.set(new Uint8Array(buffer.buffer, buffer.byteOffset, length));
      return this.push(piece);
    },
  };
}
