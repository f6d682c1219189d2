// A receiver that writes down what it is told, in order.
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type { HttpConnection, Receiver, RequestOptions } from '../../../src/http/connection.ts';

/** What a recorder does besides writing down. */
export interface RecorderOptions {
  /** Called when the request begins, with what ends it. */
  readonly onConnect?: (abort: (reason: Error) => void) => void;
  /** Whether the body goes on after the head, and after each piece. Default: it does. */
  readonly keepsOn?: (recorder: Recorder) => boolean;
}

/** One request, as its receiver saw it. */
export class Recorder implements Receiver {
  /** The names of the calls; of a head with its status. Of calls in a row that are alike only the first one. */
  readonly calls: string[] = [];
  readonly heads: { readonly status: number; readonly fields: [string, string][] }[] = [];
  readonly sent: Uint8Array[] = [];
  readonly received: Buffer[] = [];
  trailers: [string, string][] = [];
  error: (Error & { code?: string; cause?: unknown }) | undefined;
  isUnprocessed = false;
  socket: Duplex | undefined;
  abort: (reason: Error) => void = () => undefined;
  resume: () => void = () => undefined;
  /** Resolves with the end, whichever it is. */
  readonly ended: Promise<this>;
  #end: () => void = () => undefined;
  readonly #options: RecorderOptions;
  readonly #waiting = new Set<() => void>();

  constructor(options: RecorderOptions = {}) {
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#end = () => resolve(this);
    });
  }

  get status(): number | undefined {
    return this.heads.at(-1)?.status;
  }

  get fields(): [string, string][] {
    return this.heads.at(-1)?.fields ?? [];
  }

  get text(): string {
    return Buffer.concat(this.received).toString();
  }

  /** Resolves when a condition holds, which is looked at after each call. */
  async until(condition: (recorder: this) => boolean): Promise<void> {
    while (!condition(this)) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  onConnect(abort: (reason: Error) => void): void {
    this.#note('connect');
    this.abort = abort;
    this.#options.onConnect?.(abort);
  }

  onBodySent(chunk: Uint8Array): void {
    this.sent.push(chunk);
    this.#note('bodySent');
  }

  onRequestSent(): void {
    this.#note('requestSent');
  }

  onResponseStarted(): void {
    this.#note('responseStarted');
  }

  onHeaders(status: number, headers: Buffer[], resume: () => void): boolean {
    this.heads.push({ status, fields: pairs(headers) });
    this.resume = resume;
    this.#note(`headers ${status}`);
    return this.#keepsOn();
  }

  onData(chunk: Buffer): boolean {
    this.received.push(chunk);
    this.#note('data');
    return this.#keepsOn();
  }

  onComplete(trailers: Buffer[]): void {
    this.trailers = pairs(trailers);
    this.#note('complete');
    this.#end();
  }

  onUpgrade(status: number, headers: Buffer[], socket: Duplex): void {
    this.heads.push({ status, fields: pairs(headers) });
    this.socket = socket;
    this.#note(`upgrade ${status}`);
    this.#end();
  }

  onError(error: Error, isUnprocessed = false): void {
    this.error = error;
    this.isUnprocessed = isUnprocessed;
    this.#note('error');
    this.#end();
  }

  #keepsOn(): boolean {
    return this.#options.keepsOn?.(this) ?? true;
  }

  #note(call: string): void {
    if (this.calls.at(-1) !== call) this.calls.push(call);
    for (const look of this.#waiting) look();
    this.#waiting.clear();
  }
}

/** Sends a request and writes down what becomes of it. */
export function record(
  connection: HttpConnection,
  request: Partial<Omit<RequestOptions, 'body' | 'headers'>> & { body?: unknown; headers?: unknown } = {},
  options: RecorderOptions = {},
): Recorder {
  const recorder = new Recorder(options);
  connection.send({ path: '/', method: 'GET', ...request } as RequestOptions, recorder);
  return recorder;
}

/** Resolves when an event has come; rejects if `error` comes first. */
export async function event(emitter: NodeJS.EventEmitter, name: string): Promise<void> {
  await once(emitter, name);
}

function pairs(fields: Buffer[]): [string, string][] {
  const found: [string, string][] = [];
  for (let at = 0; at < fields.length; at += 2)
    found.push([String(fields[at]?.toString('latin1')), String(fields[at + 1]?.toString('latin1'))]);
  return found;
}
