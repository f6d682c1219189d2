// Sends a body from its source over one HTTP/2 stream, no faster than the stream takes it.

import type { Writable } from 'node:stream';
import { errors } from 'undici';
import { type BodySource, isStream, pieceOf } from './h2-body.ts';

/** Told how an upload goes. */
export interface UploadListener {
  onBodySent(piece: Uint8Array): void;
  onUploaded(): void;
  /** The source has failed, or gives not what was declared. */
  onUploadFailed(error: Error): void;
}

/** One upload. */
export class Upload {
  readonly #source: BodySource;
  readonly #expected: number | undefined;
  readonly #listener: UploadListener;
  #pieces: AsyncIterator<unknown> | Iterator<unknown> | undefined;
  #state: 'waiting' | 'running' | 'ended' | 'stopped' = 'waiting';
  #goOn: (() => void) | undefined;

  /** @param expected - the content length that was declared, in bytes; `undefined` if none was */
  constructor(source: BodySource, expected: number | undefined, listener: UploadListener) {
    this.#source = source;
    this.#expected = expected;
    this.#listener = listener;
  }

  /** Has anything been read from the source? */
  get hasBegun(): boolean {
    return this.#state !== 'waiting';
  }

  /** Has the last piece been written? */
  get hasEnded(): boolean {
    return this.#state === 'ended';
  }

  /** Begins to read, once; what goes wrong is told to the listener. */
  start(stream: Writable): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'running';
    stream.on('drain', () => this.#goOn?.());
    this.#run(stream).catch((error: unknown) => {
      if (this.#state === 'running') this.#listener.onUploadFailed(error as Error);
    });
  }

  /** Reads no further. The source is told, and destroyed if it is a stream. */
  stop(reason: Error): void {
    if (this.#state === 'ended' || this.#state === 'stopped') return;
    this.#state = 'stopped';
    this.#goOn?.();
    if (isStream(this.#source)) this.#source.destroy?.(reason);
    else if (this.#pieces === undefined) stopUnread(this.#source);
    // Not awaited: a generator answers only when the piece that it is working on is ready.
    else Promise.resolve(this.#pieces.return?.()).catch(() => undefined);
  }

  async #run(stream: Writable): Promise<void> {
    const source = this.#source;
    const pieces =
      Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
    this.#pieces = pieces;
    let written = 0;
    for (;;) {
      const { done, value } = await pieces.next();
      if (this.#state !== 'running') return;
      if (done) break;
      const piece = pieceOf(value);
      if (piece.byteLength === 0) continue;
      written += piece.byteLength;
      if (this.#expected !== undefined && written > this.#expected) throw mismatch(written, this.#expected);
      const takesMore = stream.write(piece);
      this.#listener.onBodySent(piece);
      if (!takesMore) await this.#drained();
      if (this.#state !== 'running') return;
    }
    if (this.#expected !== undefined && written < this.#expected) throw mismatch(written, this.#expected);
    this.#state = 'ended';
    stream.end();
    this.#listener.onUploaded();
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#goOn = resolve;
    });
  }
}

function mismatch(written: number, expected: number): Error {
  return new errors.RequestContentLengthMismatchError(
    `Request body length does not match content-length header: ${written} bytes came, not ${expected}`,
  );
}

/** A web stream that nobody has begun to read is told so; what has no such thing needs none. */
function stopUnread(source: BodySource): void {
  const { cancel } = source as { cancel?: (this: BodySource) => Promise<void> };
  if (typeof cancel === 'function') Promise.resolve(cancel.call(source)).catch(() => undefined);
}
