// The body of a request over HTTP/2: what undici takes as one, made ready to be sent.

import { Readable } from 'node:stream';
import { errors, FormData, Response } from 'undici';

/** What can be read piece by piece. */
export type BodySource = AsyncIterable<unknown> | Iterable<unknown>;

/** A body that is ready to be sent: whole, to be read from its source, or none. */
export interface Body {
  readonly whole: Uint8Array | undefined;
  readonly source: BodySource | undefined;
  /** In bytes; `undefined` where only the source knows. */
  readonly length: number | undefined;
  /** The content type that goes with it, where it has one of its own. */
  readonly type: string | undefined;
}

const noBody: Body = { whole: undefined, source: undefined, length: 0, type: undefined };

/**
 * Makes a body ready.
 *
 * @throws undici's InvalidArgumentError for what is none
 */
export function bodyOf(body: unknown): Body {
  if (body === null || body === undefined || body === '') return noBody;
  if (typeof body === 'string') return wholeBody(Buffer.from(body));
  if (ArrayBuffer.isView(body)) return wholeBody(bytesOf(body));
  if (isAnyArrayBuffer(body)) return wholeBody(Buffer.from(body));
  if (typeof body === 'object') {
    if (isStream(body)) return sourceBody(readableOf(body));
    if (isFormData(body)) return formBody(body);
    if (isBlob(body)) return sourceBody(body.stream(), body.size, body.type || undefined);
    if (isIterable(body)) return sourceBody(body);
  }
  throw new errors.InvalidArgumentError(
    'body must be a string, a Buffer, a Readable stream, an iterable, or an async iterable',
  );
}

/** The bytes of one piece that a source gave. */
export function pieceOf(piece: unknown): Uint8Array {
  if (typeof piece === 'string') return Buffer.from(piece);
  if (ArrayBuffer.isView(piece)) return bytesOf(piece);
  if (isAnyArrayBuffer(piece)) return Buffer.from(piece);
  const kind = piece === null ? 'null' : typeof piece;
  throw new errors.InvalidArgumentError(
    `the body gave a piece of type ${kind}: give strings, Buffers or typed arrays`,
  );
}

/** Is it a stream of Node's kind, of whichever package? */
export function isStream(body: unknown): body is NodeJS.ReadableStream & { destroy?(error?: Error): void } {
  const { pipe, on } = (body ?? {}) as { pipe?: unknown; on?: unknown };
  return typeof pipe === 'function' && typeof on === 'function';
}

function wholeBody(whole: Uint8Array): Body {
  if (whole.byteLength === 0) return noBody;
  return { whole, source: undefined, length: whole.byteLength, type: undefined };
}

function sourceBody(source: BodySource, length?: number, type?: string): Body {
  return { whole: undefined, source, length, type };
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  if (view instanceof Uint8Array) return view;
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

function isAnyArrayBuffer(body: unknown): body is ArrayBuffer {
  return body instanceof ArrayBuffer || body instanceof SharedArrayBuffer;
}

/** Streams from before async iteration are read through one that has it. */
function readableOf(stream: NodeJS.ReadableStream): BodySource {
  return Symbol.asyncIterator in stream ? stream : new Readable().wrap(stream);
}

function isIterable(body: object): body is BodySource {
  return Symbol.asyncIterator in body || Symbol.iterator in body;
}

function isBlob(body: object): body is Blob {
  const { [Symbol.toStringTag]: tag, stream } = body as { [Symbol.toStringTag]?: unknown; stream?: unknown };
  return (tag === 'Blob' || tag === 'File') && typeof stream === 'function';
}

interface FormEntries {
  entries(): Iterable<[string, unknown]>;
}

function isFormData(body: object): body is FormEntries {
  const { [Symbol.toStringTag]: tag, entries } = body as Partial<FormEntries> & {
    [Symbol.toStringTag]?: unknown;
  };
  return tag === 'FormData' && typeof entries === 'function';
}

/** Node has a class of its own for forms, and so have other packages: undici's writer knows only undici's. */
function formBody(body: FormEntries): Body {
  let form: FormData;
  if (body instanceof FormData) form = body;
  else {
    form = new FormData();
    for (const [name, value] of body.entries()) form.append(name, value);
  }
  const { body: source, headers } = new Response(form);
  return sourceBody(source as BodySource, undefined, headers.get('content-type') ?? undefined);
}
