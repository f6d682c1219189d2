// A server that speaks HTTP/2 frame by frame, so that it can say what a well-behaved one never would.
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** The types of the frames (RFC 9113, 6). */
export const Type = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
} as const;

/** Their flags. */
export const Flag = { none: 0, endStream: 1, ack: 1, endHeaders: 4 } as const;

/** `:status: 200` in HPACK (RFC 7541, appendix A). */
export const ok: Buffer = Buffer.from([0x88]);

/** One frame. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** Writes a frame down as bytes. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A number of 32 bits as a payload. */
export function word(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value, 4 * at);
  return bytes;
}

/** One setting as a payload. */
export function setting(id: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([id >> 8, id & 0xff]), word(value)]);
}

/** A client's connection, as this server has it. */
export class FramePeer {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  #bytes = Buffer.alloc(0);
  #isGreeted = false;
  readonly #waiting = new Set<() => void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('close', () => this.#look());
  }

  send(type: number, flags: number, stream: number, payload?: Buffer): void {
    this.socket.write(frame(type, flags, stream, payload));
  }

  /** Resolves when as many frames of a type have come. */
  async until(type: number, count = 1): Promise<Frame[]> {
    for (;;) {
      const found = this.frames.filter((one) => one.type === type);
      if (found.length >= count) return found;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #read(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    if (!this.#isGreeted) {
      if (this.#bytes.length < 24) return;
      this.#bytes = this.#bytes.subarray(24);
      this.#isGreeted = true;
    }
    while (this.#bytes.length >= 9) {
      const end = 9 + this.#bytes.readUIntBE(0, 3);
      if (this.#bytes.length < end) break;
      const payload = this.#bytes.subarray(9, end);
      const [type = 0, flags = 0] = this.#bytes.subarray(3, 5);
      this.frames.push({ type, flags, stream: this.#bytes.readUInt32BE(5), payload });
      this.#bytes = this.#bytes.subarray(end);
    }
    this.#look();
  }

  #look(): void {
    for (const look of this.#waiting) look();
    this.#waiting.clear();
  }
}

/** Starts a server that says its settings, and then what the test has it say. */
export async function givenFrameServer(
  settings: Buffer = Buffer.alloc(0),
): Promise<{ readonly port: number; readonly peer: Promise<FramePeer> }> {
  let came: (peer: FramePeer) => void = () => undefined;
  const peer = new Promise<FramePeer>((resolve) => {
    came = resolve;
  });
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    const client = new FramePeer(socket);
    client.send(Type.settings, Flag.none, 0, settings);
    came(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return { port: (server.address() as AddressInfo).port, peer };
}
