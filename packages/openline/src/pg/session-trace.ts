// Tells from the texts sent on a connection whether they may have left anything in its session. PostgreSQL documentation, "DISCARD".

import type { DriverClient, DriverConnection } from './driver.ts';
import { harmlessFunctions } from './harmless-functions.ts';
import { Lexer, type TokenKind } from './lexer.ts';
import { classify, isGrammar, mayCallByDot, namesNext } from './statement.ts';

/** Statements that leave nothing but a transaction, which is rolled back, or nothing at all. */
const traceless = new Set([
  'begin',
  'start',
  'commit',
  'end',
  'rollback',
  'abort',
  'savepoint',
  'release',
  'show',
]);

/** A name after these has a list of columns behind it. */
const columnsNext = new Set(['into', ...namesNext]);
/** Words of INSERT and MERGE that stand before a list of columns. */
const beforeColumns = new Set(['conflict', 'insert', 'returning']);

/** Texts whose verdict is kept, and the longest of them. */
const mostKnown = 1_000;
const longestKnown = 8_192;

/** Whether a statement may leave a trace in its session, as far as its text tells; in doubt it does. */
export function leavesTrace(text: string): boolean {
  const kind = classify(text);
  if (kind === 'read') return false;
  return kind === 'write' ? callsUnknown(text) : !isTraceless(text);
}

/** One statement of a kind that leaves none, or none at all. */
function isTraceless(text: string): boolean {
  const lexer = new Lexer(text);
  const first = lexer.next();
  if (first === 'end') return true;
  if (first !== 'word' || !traceless.has(lexer.value)) return false;
  for (;;) {
    const token = lexer.next();
    if (token === 'end') return true;
    if (token === 'fault') return false;
    if (token === 'symbol' && lexer.value === ';') return lexer.next() === 'end';
  }
}

interface Token {
  readonly kind: TokenKind;
  readonly value: string;
}

/** Whether a statement that writes calls anything that is not known to be harmless. */
function callsUnknown(text: string): boolean {
  const lexer = new Lexer(text);
  const nothing: Token = { kind: 'end', value: '' };
  let before = [nothing, nothing, nothing, nothing];
  for (;;) {
    const kind = lexer.next();
    if (kind === 'end') return false;
    if (kind === 'fault') return true;
    const token = { kind, value: lexer.value };
    if (kind === 'symbol' && token.value === '(' && isUnknownCall(before)) return true;
    if (kind === 'word' && isCallByDot(token.value, before)) return true;
    before = [token, ...before.slice(0, 3)];
  }
}

/** @param before - the tokens before a parenthesis, the nearest first */
function isUnknownCall([name, second, third, fourth]: readonly Token[]): boolean {
  if (name!.kind !== 'word' && name!.kind !== 'quoted') return false;
  if (second!.kind === 'symbol' && second!.value === '.') {
    return !(third!.kind !== 'symbol' && fourth!.kind === 'word' && fourth!.value === 'into');
  }
  if (second!.kind === 'word' && columnsNext.has(second!.value)) return false;
  if (name!.kind === 'word') {
    if (beforeColumns.has(name!.value)) return false;
    if (isGrammar(name!.value, { token: second!.kind, value: second!.value })) return false;
  }
  return !harmlessFunctions.has(name!.value);
}

function isCallByDot(name: string, [dot, owner]: readonly Token[]): boolean {
  if (dot!.kind !== 'symbol' || dot!.value !== '.') return false;
  return mayCallByDot(name, { token: owner!.kind, value: owner!.value });
}

/** The verdicts on the texts of one pool. */
export class Verdicts {
  readonly #known = new Map<string, boolean>();

  leavesTrace(text: string): boolean {
    let verdict = this.#known.get(text);
    if (verdict !== undefined) return verdict;
    verdict = leavesTrace(text);
    if (text.length <= longestKnown) {
      if (this.#known.size >= mostKnown) this.#known.clear();
      this.#known.set(text, verdict);
    }
    return verdict;
  }
}

/** Watches what is sent on one connection. */
export class SessionTrace {
  readonly #verdicts: Verdicts;
  /** Whether nothing can be seen: then anything may have been sent. */
  readonly #isBlind: boolean;
  #touched = false;

  constructor(client: DriverClient, verdicts: Verdicts) {
    this.#verdicts = verdicts;
    const { connection } = client;
    this.#isBlind = connection?.query === undefined || connection.parse === undefined;
    if (!this.#isBlind) this.#watch(connection!);
  }

  /** Whether the session may hold what the next user should not find. */
  get touched(): boolean {
    return this.#isBlind || this.#touched;
  }

  /** The session has been put in order. */
  clear(): void {
    this.#touched = false;
  }

  #saw(text: string | undefined): void {
    if (!this.#touched) this.#touched = text === undefined || this.#verdicts.leavesTrace(text);
  }

  // A stand-in for the connection inherits these: what they call must be its own.
  #watch(connection: DriverConnection): void {
    const { query, parse, bind } = connection;
    const saw = this.#saw.bind(this);
    connection.query = function (this: DriverConnection, text, ...more) {
      saw(text);
      query.call(this, text, ...more);
    };
    connection.parse = function (this: DriverConnection, statement, ...more) {
      saw(statement.text);
      parse.call(this, statement, ...more);
    };
    // What was prepared before the loan is not parsed again.
    connection.bind = function (this: DriverConnection, portal, ...more) {
      const { statement } = portal;
      if (statement) saw(this.parsedStatements?.[statement] ?? this.submittedNamedStatements?.[statement]);
      bind.call(this, portal, ...more);
    };
  }
}
