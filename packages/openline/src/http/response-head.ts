// What the head of a response says of its connection, and of when to come again.

import { parseKeepAlive } from './reuse.ts';

/** What the pool reads in a response's head. */
export interface HeadFacts {
  /** The server closes the connection after this response. */
  readonly closes: boolean;
  /** How long it keeps the connection when idle, in milliseconds. */
  readonly keepAliveMs: number | undefined;
  /** `Retry-After` of a 429 or 503, as it came. */
  readonly retryAfter: string | undefined;
}

const plain: HeadFacts = { closes: false, keepAliveMs: undefined, retryAfter: undefined };

const connection = 'connection';
const keepAlive = 'keep-alive';
const retryAfter = 'retry-after';
const letterK = 0x6b;
/** Makes a letter of a header's name a small one. */
const smallBit = 0x20;

/** Reads the heads of one origin's responses, most of which say what the last one said. */
export class HeadReader {
  #keepAliveValue: Buffer = Buffer.alloc(0);
  #keepAliveFacts: HeadFacts = plain;

  /** Reads the raw pairs of a head. Most headers are told by the length of their names, which costs nothing. */
  read(status: number, headers: readonly Buffer[]): HeadFacts {
    const wantsRetryAfter = status === 429 || status === 503;
    let facts = plain;
    for (let index = 0; index < headers.length; index += 2) {
      const name = headers[index]!;
      if (name.length === connection.length) {
        const value = headers[index + 1]!;
        if ((name[0]! | smallBit) === letterK) facts = this.#ofKeepAlive(facts, name, value);
        else if (closes(name, value)) facts = { ...facts, closes: true };
      } else if (wantsRetryAfter && name.length === retryAfter.length && is(name, retryAfter)) {
        facts = { ...facts, retryAfter: headers[index + 1]!.toString('latin1') };
      }
    }
    return facts;
  }

  #ofKeepAlive(facts: HeadFacts, name: Buffer, value: Buffer): HeadFacts {
    if (!isSame(this.#keepAliveValue, value)) {
      if (!is(name, keepAlive)) return facts;
      const { timeoutMs, max } = parseKeepAlive(value.toString('latin1'));
      // What came is a piece of the socket's buffer, which it would keep alive.
      this.#keepAliveValue = Buffer.from(value);
      this.#keepAliveFacts = { closes: max === 0, keepAliveMs: timeoutMs, retryAfter: undefined };
    }
    return facts === plain
      ? this.#keepAliveFacts
      : {
          ...facts,
          keepAliveMs: this.#keepAliveFacts.keepAliveMs,
          closes: facts.closes || this.#keepAliveFacts.closes,
        };
  }
}

/** Some ten bytes are compared sooner here than by a call into Node. */
function isSame(one: Buffer, other: Buffer): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

/** A header that ends the connection. Nearly all of them say `keep-alive`, as long as the name itself. */
function closes(name: Buffer, value: Buffer): boolean {
  return (
    value.length !== keepAlive.length &&
    is(name, connection) &&
    /(?:^|,)\s*close\s*(?:,|$)/i.test(value.toString('latin1'))
  );
}

function is(name: Buffer, known: string): boolean {
  return name.toString('latin1').toLowerCase() === known;
}

/** When to come again, in milliseconds from now: a number of seconds or a date (RFC 9110, 10.2.3); nothing for what is neither. */
export function retryAfterMs(value: string, wallNow: number): number | undefined {
  if (/^\s*\d{1,9}\s*$/.test(value)) return Number(value) * 1_000;
  // JavaScript takes much for a date; of HTTP's three forms (RFC 9110, 5.6.7) the first is sent, and the others begin with a day's name too.
  const at = /^\s*[A-Za-z]{3,9}[, ]/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - wallNow);
}
