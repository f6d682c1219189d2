// An HTTP/1.1 server that a test scripts by the byte, so that it can do what no server should.
import { createServer, type Socket } from 'node:net';
import { type Listening, listening } from '../../support/sockets.ts';

/** One request that came. */
export interface Asked {
  readonly socket: Socket;
  /** The request line and the headers, in latin1. */
  readonly head: string;
  /** Its number on its connection, counted from 1. */
  readonly nth: number;
}

/** A scripted server. */
export interface ScriptedServer extends Listening {
  readonly origin: string;
  /** Every request that came, in order. */
  readonly asked: Asked[];
}

const endOfHead = '\r\n\r\n';

/** Listens until the test is over. `answer` is called for each head; bodies of requests are passed over. */
export async function scriptedServer(
  answer: (asked: Asked) => void,
  host?: string,
  port?: number,
): Promise<ScriptedServer> {
  const asked: Asked[] = [];
  const server = createServer((socket) => {
    let text = '';
    let nth = 0;
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (let end = text.indexOf(endOfHead); end >= 0; end = text.indexOf(endOfHead)) {
        const head = text.slice(0, end);
        text = text.slice(end + endOfHead.length);
        // What ends like a head may be the end of a body.
        if (!/^[A-Z]+ \S+ HTTP/m.test(head)) continue;
        const request = { socket, head, nth: ++nth };
        asked.push(request);
        answer(request);
      }
    });
  });
  const { port: taken, ...rest } = await listening(server, host, port);
  return { ...rest, port: taken, origin: `http://${host ?? '127.0.0.1'}:${taken}`, asked };
}

/** A whole answer. */
export function answerOf(body: string, status = '200 OK', ...headers: string[]): string {
  const length = `content-length: ${Buffer.byteLength(body)}`;
  return [`HTTP/1.1 ${status}`, length, ...headers, '', body].join('\r\n');
}

/** Writes a piece again and again, until the peer has gone. */
export function dripping(socket: Socket, piece: string, everyMs: number): void {
  const timer = setInterval(() => socket.write(piece), everyMs);
  socket.once('close', () => clearInterval(timer));
}

/** Writes as much of a piece, repeated, as the peer takes, until it has gone. */
export function flooding(socket: Socket, piece: Buffer): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', more);
  more();
}
