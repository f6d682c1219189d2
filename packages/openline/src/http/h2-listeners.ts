// What Node tells of a client's stream, brought to the request that the stream belongs to.

import type { ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2';
import { Readable } from 'node:stream';

/** The head of a response, as Node's object. */
export type ResponseHeaders = IncomingHttpHeaders & IncomingHttpStatusHeader;

/** Told of one stream. The fields of a head come as they are listed, too, if Node gives them so. */
export interface StreamOwner {
  onInformation(headers: ResponseHeaders, listed: unknown): void;
  onResponse(headers: ResponseHeaders, listed: unknown): void;
  onData(chunk: Buffer): void;
  onTrailers(headers: IncomingHttpHeaders, listed: unknown): void;
  /** The server has said that its response ends; what came before may still wait to be read. */
  onWhole(): void;
  /** All that came has been read. */
  onEnd(): void;
  /** The last word, after an error perhaps twice. */
  onClosed(error: Error | undefined): void;
  /** Something above has thrown. */
  onThrown(error: unknown): void;
}

/** Where the listeners find it: they are the same functions for all streams, since closures for each cost more than all the rest. */
const owner = Symbol('the owner of a stream');

interface OwnedStream extends ClientHttp2Stream {
  [owner]: StreamOwner;
}

/** Begins to tell `told` of a stream. Its body stays where it is until {@link listenToBody}. */
export function listen(stream: ClientHttp2Stream, told: StreamOwner): void {
  (stream as OwnedStream)[owner] = told;
  stream.push = push;
  stream.on('response', onResponse);
  stream.on('headers', onInformation);
  stream.on('trailers', onTrailers);
  stream.on('end', onEnd);
  stream.on('error', onError);
  stream.on('close', onClose);
}

/** Lets the body come, unless the stream is paused. */
export function listenToBody(stream: ClientHttp2Stream): void {
  stream.on('data', onData);
}

/** Leaves the stream to its user: only its close is told from here on. Errors stay heard, for nobody else may be listening. */
export function leave(stream: ClientHttp2Stream): void {
  stream.off('trailers', onTrailers);
  stream.off('end', onEnd);
}

/**
 * Node ends a stream in the same way when the server resets it without an error, in the middle of a body: half a response would look like a
 * whole one. Only an end that comes before the stream is closed is the server's word.
 */
function push(this: OwnedStream, chunk: unknown, encoding?: BufferEncoding): boolean {
  if (chunk === null && !this.closed) this[owner].onWhole();
  return Readable.prototype.push.call(this, chunk, encoding);
}

function onResponse(this: OwnedStream, headers: ResponseHeaders, _flags: number, listed?: unknown): void {
  const told = this[owner];
  try {
    told.onResponse(headers, listed);
  } catch (error) {
    told.onThrown(error);
  }
}

function onInformation(this: OwnedStream, headers: ResponseHeaders, _flags: number, listed?: unknown): void {
  const told = this[owner];
  try {
    told.onInformation(headers, listed);
  } catch (error) {
    told.onThrown(error);
  }
}

function onData(this: OwnedStream, chunk: Buffer): void {
  const told = this[owner];
  try {
    told.onData(chunk);
  } catch (error) {
    told.onThrown(error);
  }
}

function onTrailers(this: OwnedStream, headers: IncomingHttpHeaders, _flags: number, listed?: unknown): void {
  const told = this[owner];
  try {
    told.onTrailers(headers, listed);
  } catch (error) {
    told.onThrown(error);
  }
}

function onEnd(this: OwnedStream): void {
  this[owner].onEnd();
}

function onError(this: OwnedStream, error: Error): void {
  this[owner].onClosed(error);
}

function onClose(this: OwnedStream): void {
  this[owner].onClosed(undefined);
}
