// Where a socket's reads go. Node allocates 64 KiB for each of them, however little has come: a good part of what a small response costs.

import type { OnReadOpts, Socket } from 'node:net';

const bufferSize = 65_536;
/** From so many bytes on a copy costs more than a buffer. */
const muchBytes = 16_384;

/** For the reads of all sockets, one after another: what came is copied out. */
const shared = Buffer.allocUnsafeSlow(bufferSize);

/**
 * The `onread` of one socket, which it stays a stream with. Little goes by way of the shared buffer; while much comes, each piece has a buffer
 * to itself.
 */
export function reads(): OnReadOpts {
  let hasMuch = false;
  return {
    buffer: () => (hasMuch ? Buffer.allocUnsafeSlow(bufferSize) : shared),
    callback(this: Socket, length, buffer) {
      hasMuch = length >= muchBytes;
      const piece = buffer.subarray(0, length);
      return this.push(hasMuch && buffer !== shared ? piece : Buffer.from(piece));
    },
  };
}
