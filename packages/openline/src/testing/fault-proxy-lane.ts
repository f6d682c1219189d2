// One direction of a proxied connection: a first-in, first-out line with latency, a rate and a bounded
// buffer.
import type { Socket } from 'node:net';
import { clearTimeout, setTimeout } from 'node:timers';
import { resetSocket } from './fault-proxy-reset.ts';

/**
 * What the line does to traffic. One object for all lanes of a proxy; each lane reads it afresh at every
 * step.
 */
export interface LineConditions {
  /** One-way latency in milliseconds. */
  delayMs: number;
  /** Rate of each lane in bytes per second; `Infinity` for no limit. */
  bytesPerSecond: number;
}

/** Bytes a lane keeps before it stops reading from its source; one read (64 KiB) may go past it. */
const MAX_QUEUED_BYTES: number = 1024 * 1024;

/** A limited rate is sent in slices of this length, so that bytes trickle instead of coming in lumps. */
const SLICE_MS = 10;
/** How much lost time (a late timer, a full destination) a limited rate may make good at once. */
const CATCH_UP_MS = 50;
/** Node turns a longer timer into one of 1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

// Kept from load time: a test's fake clock must not stop the network.
const now: () => number = performance.now.bind(performance);

type Parcel =
  | { readonly kind: 'data'; bytes: Buffer; readonly arrivedAt: number }
  | { readonly kind: 'end' | 'reset'; readonly arrivedAt: number };

/** Carries what one socket says (bytes, FIN, RST) to another, in order. */
export class Lane {
  readonly #source: Socket;
  readonly #destination: Socket;
  readonly #conditions: LineConditions;
  readonly #onUndeliverable: () => void;
  readonly #queue: Parcel[] = [];
  #queuedBytes = 0;
  #held: boolean;
  #stopped = false;
  #destinationFull = false;
  /** When the last slice of a limited rate has left. */
  #idleSince = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    source: Socket,
    destination: Socket,
    conditions: LineConditions,
    held: boolean,
    onUndeliverable: () => void,
  ) {
    this.#source = source;
    this.#destination = destination;
    this.#conditions = conditions;
    this.#held = held;
    this.#onUndeliverable = onUndeliverable;
    source.on('data', (bytes) => this.#enter({ kind: 'data', bytes, arrivedAt: now() }));
    source.on('end', () => this.#enter({ kind: 'end', arrivedAt: now() }));
    source.on('error', () => this.#enter({ kind: 'reset', arrivedAt: now() }));
    destination.on('drain', () => {
      this.#destinationFull = false;
      this.pump();
    });
    this.#regulate();
  }

  /** Nothing moves from here on; what was read is kept, and nothing more is read. */
  hold(): void {
    this.#held = true;
    this.pump();
  }

  /** What was held goes on its way, in order. */
  release(): void {
    this.#held = false;
    this.pump();
  }

  /** Ends the lane: what it holds, and what its source still says, is discarded. */
  stop(): void {
    this.#stopped = true;
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    this.pump();
  }

  /** Sends what is due and sets the timer for the rest. Called after each change of conditions. */
  pump(): void {
    clearTimeout(this.#timer);
    while (!this.#held) {
      const parcel = this.#next();
      if (parcel === undefined) break;
      const time = now();
      const waitMs = this.#leavesAt(parcel, time) - time;
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.pump(), Math.min(Math.ceil(waitMs), LONGEST_TIMER_MS));
        break;
      }
      this.#deliver(parcel, time + waitMs);
    }
    this.#regulate();
  }

  #enter(parcel: Parcel): void {
    if (this.#stopped) return;
    this.#queue.push(parcel);
    if (parcel.kind === 'data') this.#queuedBytes += parcel.bytes.length;
    // Behind others it has nothing to start: a timer, a drain or a release is already awaited. Only a reset
    // may overtake.
    if (this.#queue.length === 1 || parcel.kind === 'reset') this.pump();
    else this.#regulate();
  }

  /** The head; at a full destination nothing, or the reset that, as in TCP, does not wait for a reader. */
  #next(): Parcel | undefined {
    if (!this.#destinationFull) return this.#queue[0];
    const last = this.#queue.at(-1);
    return last?.kind === 'reset' ? last : undefined;
  }

  #leavesAt(parcel: Parcel, time: number): number {
    const dueAt = parcel.arrivedAt + this.#conditions.delayMs;
    const rate = this.#conditions.bytesPerSecond;
    if (parcel.kind !== 'data' || rate === Infinity) return dueAt;
    const sliceMs = (this.#sliceBytes(parcel.bytes) / rate) * 1000;
    return Math.max(this.#idleSince, dueAt, time - sliceMs - CATCH_UP_MS) + sliceMs;
  }

  #sliceBytes(bytes: Buffer): number {
    const perSlice = Math.max(1, Math.floor((this.#conditions.bytesPerSecond * SLICE_MS) / 1000));
    return Math.min(bytes.length, perSlice);
  }

  #deliver(parcel: Parcel, leftAt: number): void {
    if (parcel.kind === 'reset') {
      this.#queue.length = 0;
      this.#queuedBytes = 0;
      resetSocket(this.#destination);
      return;
    }
    const bytes = this.#take(parcel, leftAt);
    if (!this.#destination.writable) this.#onUndeliverable();
    else if (bytes === undefined) this.#destination.end();
    else this.#destinationFull = !this.#destination.write(bytes);
  }

  /** Removes the parcel from the queue, or, under a limited rate, its next slice. */
  #take(parcel: Parcel, leftAt: number): Buffer | undefined {
    if (parcel.kind !== 'data') {
      this.#queue.shift();
      return undefined;
    }
    const slice = parcel.bytes.subarray(0, this.#sliceBytes(parcel.bytes));
    this.#queuedBytes -= slice.length;
    this.#idleSince = leftAt;
    if (slice.length === parcel.bytes.length) this.#queue.shift();
    else parcel.bytes = parcel.bytes.subarray(slice.length);
    return slice;
  }

  /**
   * Back-pressure: the source is read only while there is room. A stopped lane reads on, to see its source
   * close.
   */
  #regulate(): void {
    const read = this.#stopped || (!this.#held && this.#queuedBytes < MAX_QUEUED_BYTES);
    if (read === this.#source.isPaused()) {
      if (read) this.#source.resume();
      else this.#source.pause();
    }
  }
}
