// What the pool knows of each text it has run: its kind, how long the server takes for it, and the name it is prepared under.

import { randomBytes } from 'node:crypto';
import { classify, type StatementKind } from './statement.ts';

/** Texts known at most, in two generations: those not asked for in half of that many new ones are forgotten. */
const textsPerGeneration = 1_000;
/** Longer texts are built by programs, value by value: they seldom come again, and cost memory. */
const longestTextKnown = 8_192;
/** What a statement costs at the least: its messages, its parse, a wake-up. */
const leastMs = 0.02;
/** A time this long, seen more often than once in fifty runs, makes a statement a long one, however short it is on average. */
const longMs = 5;
const mostLong = 1 / 50;
/** Of a text known well, one run in so many is timed. */
const timedEvery = 16;
const timedAtFirst = 8;

/** How a fresh time changes the mean and the deviation: RFC 6298, section 2. */
const meanGain = 1 / 8;
const deviationGain = 1 / 4;
/** How fast the time that a text holds a connection is believed to grow; it falls at once, so that one slow run makes no text a long one. */
const holdGain = 1 / 8;

/** What is known of one text. */
export class Profile {
  readonly kind: StatementKind;
  /** Under which it is prepared when it comes again; no other process has it. */
  readonly name: string;
  /** How often it was asked. */
  uses = 0;
  #times = 0;
  #meanMs = 0;
  #deviationMs = 0;
  #longShare = 0;
  #holdsMs = 0;

  constructor(kind: StatementKind, name: string) {
    this.kind = kind;
    this.name = name;
  }

  /** The time on the server that is to be expected; `Infinity` until it was seen. */
  get expectedMs(): number {
    if (this.#times === 0 || this.#longShare > mostLong) return Number.POSITIVE_INFINITY;
    return Math.max(leastMs, this.#meanMs + this.#deviationMs);
  }

  /** How long its last runs have held a connection of their own at the least, in milliseconds; nothing when that is not long. */
  get holdsMs(): number | undefined {
    return this.#holdsMs < longMs ? undefined : this.#holdsMs;
  }

  /** A run held a connection of its own so long. */
  held(ms: number): void {
    this.#holdsMs = Math.min(ms, this.#holdsMs + (ms - this.#holdsMs) * holdGain);
  }

  /** Whether the next run is to be timed. */
  get wantsTime(): boolean {
    return this.#times < timedAtFirst || this.uses % timedEvery === 0;
  }

  /** A run took so long on the server. */
  took(ms: number): void {
    if (this.#times++ === 0) {
      this.#meanMs = ms;
      this.#deviationMs = ms / 2;
    } else {
      this.#deviationMs += (Math.abs(ms - this.#meanMs) - this.#deviationMs) * deviationGain;
      this.#meanMs += (ms - this.#meanMs) * meanGain;
    }
    this.#longShare += ((ms > longMs ? 1 : 0) - this.#longShare) / Math.min(this.#times, 4 / mostLong);
  }
}

let names = 0;
/** Behind a pooler other processes share the session: one name must not stand there for two texts. */
const ofThisProcess = randomBytes(6).toString('hex');

/** The texts of one pool. */
export class Statements {
  #recent = new Map<string, Profile>();
  #older = new Map<string, Profile>();

  /** What is known of a text, or begins to be. */
  profile(text: string): Profile {
    const known = this.#recent.get(text);
    if (known !== undefined) return known;
    const profile =
      this.#older.get(text) ?? new Profile(classify(text), `openline_${ofThisProcess}_${++names}`);
    if (text.length <= longestTextKnown) {
      if (this.#recent.size >= textsPerGeneration) {
        this.#older = this.#recent;
        this.#recent = new Map();
      }
      this.#recent.set(text, profile);
    }
    return profile;
  }
}
