// One request on one stream of an HTTP/2 session, from its head to the end of its response.

import {
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { addAbortSignal } from 'node:stream';
import { errors } from 'undici';
import type { Receiver, RequestOptions } from './connection.ts';
import { type Body, bodyOf, isStream } from './h2-body.ts';
import { fieldsOf } from './h2-fields.ts';
import { type Head, headOf, type Target } from './h2-head.ts';
import { leave, listen, listenToBody, type ResponseHeaders, type StreamOwner } from './h2-listeners.ts';
import { Upload, type UploadListener } from './h2-upload.ts';

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR, NGHTTP2_STREAM_STATE_IDLE } = constants;

const aborted = AbortSignal.abort();

/** What a request needs of its connection. */
export interface Carrier {
  readonly target: Target;
  /** The most that the fields of one head may have together, in bytes. */
  readonly maxHeaderSize: number;
  /** Why it takes no requests; `undefined` while it does. */
  readonly refusal: Error | undefined;
  /** Sends a head. @throws undici's InvalidArgumentError for what Node does not take */
  open(request: H2Request, headers: OutgoingHttpHeaders, endStream: boolean): ClientHttp2Stream;
  /** Says that a stream has ended before its time, and is told of it by `lose` or `fail`. */
  broke(request: H2Request, cause: Error | undefined): void;
  /** Says that it has ended. */
  ended(request: H2Request): void;
}

/** One request. */
export class H2Request implements StreamOwner, UploadListener {
  readonly #carrier: Carrier;
  readonly #receiver: Receiver;
  #stream: ClientHttp2Stream | undefined;
  #opens: Head['opens'] = 'response';
  #body: unknown;
  #upload: Upload | undefined;
  /** A body that waits for the server's leave. */
  #held: Uint8Array | undefined;
  #hasBegun = false;
  #isAnswered = false;
  /** The server has said that its response ends. A stream ends without that, too, when it is reset. */
  #isWhole = false;
  #isSettled = false;
  #trailers: Buffer[] | undefined;
  /** Of a response that had come to its end before the connection was lost: what its reader has not taken yet. */
  #rest: Buffer[] | undefined;

  constructor(carrier: Carrier, receiver: Receiver) {
    this.#carrier = carrier;
    this.#receiver = receiver;
  }

  /** Sends it; whatever fails, the receiver hears of it. */
  send(options: RequestOptions): void {
    const { body } = options;
    this.#body = body;
    // One that nobody hears would end the process, and it may come at any time.
    if (isStream(body)) body.on('error', () => undefined);
    try {
      const ready = bodyOf(body);
      const head = headOf(options, this.#carrier.target, ready);
      if (this.#isRefused()) return;
      this.#receiver.onConnect(this.#abort);
      if (this.#isSettled || this.#isRefused()) return;
      this.#open(head, ready, options.expectContinue === true);
    } catch (error) {
      this.#abort(error as Error);
    }
  }

  #isRefused(): boolean {
    const { refusal } = this.#carrier;
    if (refusal !== undefined) this.fail(refusal, true);
    return refusal !== undefined;
  }

  /** Of its stream; `undefined` where it has got none. */
  get id(): number | undefined {
    return this.#stream?.id;
  }

  /** The last error code of its stream (RFC 9113, 7). */
  get resetCode(): number {
    return this.#stream?.rstCode ?? NGHTTP2_NO_ERROR;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Has nothing of it left this process? So it is where the peer allows fewer streams than were asked for. */
  get isUnsent(): boolean {
    if (this.#hasBegun) return false;
    if (this.#stream?.id === undefined) return true;
    return this.#stream.state.state === NGHTTP2_STREAM_STATE_IDLE;
  }

  /** Ends it with an error. A body that was not touched stays whole if the request may be sent again. */
  fail(error: Error, isUnprocessed: boolean): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    if (!isUnprocessed || this.#upload?.hasBegun) this.#stopUpload(error);
    this.#reset();
    this.#carrier.ended(this);
    this.#receiver.onError(error, isUnprocessed);
  }

  /** Fails it because the connection is lost, unless its response is here already and only waits to be read. */
  lose(error: Error, isUnprocessed: boolean): void {
    const stream = this.#stream;
    if (stream === undefined || !this.#isAnswered || !this.#isWhole || this.#isSettled) {
      this.fail(error, isUnprocessed);
      return;
    }
    // Node drops what nobody has read when the session goes. Reading hands it to the listener, which keeps it.
    this.#rest = [];
    while (stream.read() !== null);
    if (!stream.isPaused()) this.#readRest();
  }

  #open({ headers, contentLength, opens }: Head, body: Body, waitsForLeave: boolean): void {
    this.#opens = opens;
    const endsNow = opens === 'response' && body.length === 0;
    const stream = this.#carrier.open(this, headers, endsNow);
    this.#stream = stream;
    listen(stream, this);
    if (opens !== 'response') return;
    if (endsNow) {
      this.#receiver.onRequestSent();
      return;
    }
    if (body.source !== undefined) this.#upload = new Upload(body.source, contentLength, this);
    this.#held = body.whole;
    if (!waitsForLeave) this.#sendBody();
  }

  #sendBody(): void {
    const stream = this.#stream as ClientHttp2Stream;
    this.#upload?.start(stream);
    const whole = this.#held;
    if (whole === undefined) return;
    this.#held = undefined;
    stream.end(whole);
    this.#receiver.onBodySent(whole);
    this.#receiver.onRequestSent();
  }

  onBodySent(piece: Uint8Array): void {
    if (!this.#isSettled) this.#receiver.onBodySent(piece);
  }

  onUploaded(): void {
    if (!this.#isSettled) this.#receiver.onRequestSent();
  }

  onUploadFailed(error: Error): void {
    this.#abort(error);
  }

  onInformation(headers: ResponseHeaders, listed: unknown): void {
    if (this.#isSettled || this.#isAnswered) return;
    this.#hear();
    const status = headers[':status'] ?? 0;
    this.#receiver.onHeaders(status, this.#fields(headers, listed), this.#resume, '');
    if (status === 100 && !this.#isSettled) this.#sendBody();
  }

  onResponse(headers: ResponseHeaders, listed: unknown): void {
    if (this.#isSettled) return;
    this.#hear();
    this.#isAnswered = true;
    const stream = this.#stream as ClientHttp2Stream;
    const status = headers[':status'] ?? 0;
    const fields = this.#fields(headers, listed);
    if (this.#opens === 'tunnel' || (this.#opens === 'protocol' && status < 300)) {
      this.#handOver(status, fields, stream);
      return;
    }
    if (this.#opens === 'protocol') stream.end();
    if (this.#receiver.onHeaders(status, fields, this.#resume, '') === false) stream.pause();
    if (this.#isSettled) return;
    listenToBody(stream);
    // A server that answers well without having given its leave wants the body all the same.
    if (status < 300) this.#sendBody();
  }

  onData(chunk: Buffer): void {
    if (this.#isSettled) return;
    if (this.#rest !== undefined) this.#rest.push(chunk);
    else if (this.#receiver.onData(chunk) === false) this.#stream?.pause();
  }

  onTrailers(headers: IncomingHttpHeaders, listed: unknown): void {
    if (!this.#isSettled) this.#trailers = this.#fields(headers, listed);
  }

  onWhole(): void {
    this.#isWhole = true;
  }

  onEnd(): void {
    // A stream that ends without an answer, or was reset, says more when it closes.
    if (this.#isSettled || this.#rest !== undefined) return;
    if (this.#isAnswered && this.#isWhole) this.#complete();
    // Reset without an error in mid-upload: Node then waits to close it until a body is sent that nobody takes any more.
    else if (!this.#isAnswered && this.resetCode === NGHTTP2_NO_ERROR)
      setImmediate(() => this.onClosed(undefined));
  }

  onClosed(error: Error | undefined): void {
    if (this.#isSettled) {
      if (this.#opens !== 'response') this.#carrier.ended(this);
    } else if (this.#rest === undefined) this.#carrier.broke(this, error);
  }

  /** Turns what a receiver throws into the end of the request. */
  onThrown(error: unknown): void {
    this.#abort(error as Error);
  }

  readonly #abort = (reason?: Error): void => {
    this.fail(reason ?? new errors.RequestAbortedError(), false);
  };

  readonly #resume = (): void => {
    if (this.#isSettled) return;
    if (this.#rest === undefined) this.#stream?.resume();
    else this.#readRest();
  };

  #hear(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#receiver.onResponseStarted();
  }

  #fields(headers: IncomingHttpHeaders, listed: unknown): Buffer[] {
    return fieldsOf(headers, listed, this.#carrier.maxHeaderSize);
  }

  /** From here on the stream is the user's, and under way until it closes. */
  #handOver(status: number, fields: Buffer[], stream: ClientHttp2Stream): void {
    leave(stream);
    this.#isSettled = true;
    this.#receiver.onUpgrade(status, fields, stream);
  }

  #complete(): void {
    this.#isSettled = true;
    // The server has said everything: what it has not let us finish, it does not want.
    if (this.#held !== undefined || this.#upload?.hasEnded === false) {
      this.#stopUpload(new errors.InformationalError('the response ended before the request did'));
      this.#reset();
    }
    this.#carrier.ended(this);
    try {
      this.#receiver.onComplete(this.#trailers ?? []);
    } catch (error) {
      this.#receiver.onError(error as Error);
    }
  }

  #readRest(): void {
    const rest = this.#rest ?? [];
    try {
      for (let chunk = rest.shift(); chunk !== undefined; chunk = rest.shift()) {
        if (this.#receiver.onData(chunk) === false || this.#isSettled) return;
      }
    } catch (error) {
      this.onThrown(error);
      return;
    }
    this.#complete();
  }

  /** Takes the request back; the session goes on. */
  #reset(): void {
    const stream = this.#stream;
    if (stream === undefined || stream.closed || stream.destroyed) return;
    // `close` would say first that the body has ended, and half a body would look like a whole one. Destroyed by an abort, Node resets the
    // stream with the same code and says nothing before.
    if (stream.writableEnded) stream.close(NGHTTP2_CANCEL);
    else addAbortSignal(aborted, stream);
  }

  #stopUpload(reason: Error): void {
    this.#held = undefined;
    if (this.#upload !== undefined) this.#upload.stop(reason);
    else if (isStream(this.#body)) this.#body.destroy?.(reason);
  }
}
