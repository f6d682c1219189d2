// The handlers of undici's callers, of both styles, translated once: the pool inside knows the older one only.

import type { Duplex } from 'node:stream';
import { type Dispatcher, util } from 'undici';
import type { Receiver } from './connection.ts';

/** A handler in the style of undici up to 7, and of the fetch inside Node 20, 22 and 24. */
export interface CallbackHandler {
  onConnect?(abort: (reason?: Error) => void, context?: unknown): void;
  onBodySent?(chunk: Uint8Array): void;
  onRequestSent?(): void;
  onResponseStarted?(): void;
  onHeaders?(status: number, headers: Buffer[], resume: () => void, message: string): boolean | undefined;
  onData?(chunk: Buffer): boolean | undefined;
  onComplete?(trailers: Buffer[]): void;
  onUpgrade?(status: number, headers: Buffer[], socket: Duplex): void;
  onError?(error: Error): void;
}

/** A handler in the style of undici 8, and of the fetch inside Node 26; undici 7 takes both. */
type ControllerHandler = Omit<Dispatcher.DispatchHandler, 'onBodySent'> & {
  /** undici's types say otherwise; its code hands over the chunk. */
  onBodySent?(chunk: Uint8Array): void;
  onRequestSent?(): void;
  onResponseStarted?(): void;
};

/** The handler as the pool calls it. */
export function asCallbacks(handler: Dispatcher.DispatchHandler): CallbackHandler {
  return typeof handler.onRequestStart === 'function'
    ? new Translation(handler as unknown as ControllerHandler)
    : (handler as unknown as CallbackHandler);
}

/** Controls one request for a handler of the newer style. */
class Controller implements Dispatcher.DispatchController {
  readonly #abort: (reason?: Error) => void;
  #resume: (() => void) | undefined;
  paused = false;
  aborted = false;
  reason: Error | null = null;
  rawHeaders: Buffer[] | null = null;
  rawTrailers: Buffer[] | null = null;

  constructor(abort: (reason?: Error) => void) {
    this.#abort = abort;
  }

  resumesBy(resume: () => void): void {
    this.#resume = resume;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.#resume?.();
  }

  abort(reason: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.#abort(reason);
  }
}

/** Speaks to a handler of the newer style. */
class Translation implements CallbackHandler {
  readonly #handler: ControllerHandler;
  #controller: Controller | undefined;

  constructor(handler: ControllerHandler) {
    this.#handler = handler;
  }

  onConnect(abort: (reason?: Error) => void, context: unknown): void {
    this.#controller = new Controller(abort);
    this.#handler.onRequestStart?.(this.#controller, context);
  }

  onBodySent(chunk: Uint8Array): void {
    this.#handler.onBodySent?.(chunk);
  }

  onRequestSent(): void {
    this.#handler.onRequestSent?.();
  }

  onResponseStarted(): void {
    this.#handler.onResponseStarted?.();
  }

  onHeaders(status: number, headers: Buffer[], resume: () => void, message: string): boolean {
    const controller = this.#controller!;
    controller.resumesBy(resume);
    controller.rawHeaders = headers;
    this.#handler.onResponseStart?.(controller, status, util.parseHeaders(headers), message);
    return !controller.paused;
  }

  onData(chunk: Buffer): boolean {
    this.#handler.onResponseData?.(this.#controller!, chunk);
    return !this.#controller!.paused;
  }

  onComplete(trailers: Buffer[]): void {
    this.#controller!.rawTrailers = trailers;
    this.#handler.onResponseEnd?.(this.#controller!, util.parseHeaders(trailers));
  }

  onUpgrade(status: number, headers: Buffer[], socket: Duplex): void {
    this.#controller!.rawHeaders = headers;
    this.#handler.onRequestUpgrade?.(this.#controller!, status, util.parseHeaders(headers), socket);
  }

  onError(error: Error): void {
    // Before the start there is no controller: undici gives `null` then.
    this.#handler.onResponseError?.((this.#controller ?? null) as Dispatcher.DispatchController, error);
  }
}

/** Turns a receiver into a handler of the newer style, for an undici whose Client takes no other. */
export class ReceiverTranslation implements ControllerHandler {
  readonly #receiver: Receiver;

  constructor(receiver: Receiver) {
    this.#receiver = receiver;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#receiver.onConnect((reason) => controller.abort(reason));
  }

  onBodySent(chunk: Uint8Array): void {
    this.#receiver.onBodySent(chunk);
  }

  onRequestSent(): void {
    this.#receiver.onRequestSent();
  }

  onResponseStarted(): void {
    this.#receiver.onResponseStarted();
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: unknown,
    message?: string,
  ): void {
    const goesOn = this.#receiver.onHeaders(
      status,
      rawPairs(controller.rawHeaders, headers),
      () => controller.resume(),
      message ?? '',
    );
    if (!goesOn) controller.pause();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#receiver.onData(chunk)) controller.pause();
  }

  onResponseEnd(controller: Dispatcher.DispatchController, trailers: unknown): void {
    this.#receiver.onComplete(rawPairs(controller.rawTrailers, trailers));
  }

  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: unknown,
    socket: Duplex,
  ): void {
    this.#receiver.onUpgrade(status, rawPairs(controller.rawHeaders, headers), socket);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#receiver.onError(error);
  }
}

/** Raw headers as they came, where the controller has them; else made of the parsed ones. */
function rawPairs(raw: unknown, parsed: unknown): Buffer[] {
  if (Array.isArray(raw)) return raw as Buffer[];
  const pairs: Buffer[] = [];
  for (const [name, value] of Object.entries((parsed ?? {}) as Record<string, string | string[]>)) {
    for (const one of Array.isArray(value) ? value : [value])
      pairs.push(Buffer.from(name, 'latin1'), Buffer.from(one, 'latin1'));
  }
  return pairs;
}
