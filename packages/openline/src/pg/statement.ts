// What an SQL text may do to others that share its connection, told from the text alone: by what is known to be harmless, not by what is known to harm.

import { harmlessFunctions } from './harmless-functions.ts';
import { Lexer, type TokenKind } from './lexer.ts';

/**
 * How a statement may be sent. `read`: a plain read, which may share a line with others. `write`: one statement that writes, may wait for
 * another session's lock, or calls a function that is not known to be harmless. `exclusive`: anything else; it needs a connection of its own.
 */
export type StatementKind = 'read' | 'write' | 'exclusive';

/** Longer texts are not looked at. */
const longestText = 100_000;

const reads = new Set(['select', 'values', 'table', 'with']);
const writes = new Set(['insert', 'update', 'delete', 'merge']);
/** After FOR: a locking clause. */
const lockStrengths = new Set(['update', 'no', 'share', 'key']);

/** What may stand before a parenthesis without being called: words of the grammar, and types with modifiers. */
export const notCalled: ReadonlySet<string> = new Set(
  `all and any array as asc between bit by case cast char character coalesce cross cube current_time current_timestamp dec decimal desc
  distinct else escape except exists extract fetch filter first float for from full group grouping groups having ilike in inner intersect
  interval is isnull json json_array json_exists json_object json_query json_scalar json_serialize json_table json_value join key last
  lateral least greatest left like limit localtime localtimestamp materialized natural nchar next normalize not notnull nullif numeric of
  offset on only or order outer over overlay partition position preceding range recursive right rollup row rows select sets similar some
  substring symmetric table then time timestamp treat trim union using values varchar varying when where window with within
  xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlparse xmlpi xmlroot xmlserialize xmltable`.split(
    /\s+/,
  ),
);
/** A name after these is an alias, a type, or a way of sampling, with a list of its own. */
export const namesNext: ReadonlySet<string> = new Set(['as', 'with', 'recursive', 'tablesample']);

/** Tells the kind of a statement. Takes time in proportion to the length of the text, and throws on none. */
export function classify(text: string): StatementKind {
  return text.length > longestText ? 'exclusive' : new Classification(text).kind;
}

class Classification {
  readonly #lexer: Lexer;
  #kind: StatementKind = 'read';
  #depth = 0;
  /** The last three tokens; quoted identifiers and others have no word. */
  #last = new Seen();
  #second = new Seen();
  #third = new Seen();

  constructor(text: string) {
    this.#lexer = new Lexer(text);
  }

  get kind(): StatementKind {
    if (!this.#begins()) return 'exclusive';
    for (;;) {
      const token = this.#read();
      if (token === 'fault') return 'exclusive';
      if (token === 'end') return this.#depth === 0 ? this.#kind : 'exclusive';
      if (token === 'word') {
        if (!this.#meetsWord()) return 'exclusive';
      } else if (token === 'symbol') {
        const symbol = this.#last.value;
        if (symbol === ';') return this.#depth === 0 && this.#endsHere() ? this.#kind : 'exclusive';
        if (symbol === '(') {
          this.#depth++;
          this.#meetsCall();
        } else if (symbol === ')' && --this.#depth < 0) return 'exclusive';
      }
    }
  }

  #read(): TokenKind {
    const token = this.#lexer.next();
    [this.#third, this.#second, this.#last] = [this.#second, this.#last, this.#third];
    this.#last.token = token;
    this.#last.value = this.#lexer.value;
    return token;
  }

  /** The first word decides; parentheses may stand before it. */
  #begins(): boolean {
    let token = this.#read();
    while (token === 'symbol' && this.#last.value === '(') {
      this.#depth++;
      token = this.#read();
    }
    if (token !== 'word') return false;
    if (reads.has(this.#last.value)) return true;
    this.#kind = 'write';
    return this.#depth === 0 && writes.has(this.#last.value);
  }

  /** Returns whether a word leaves the statement one that can be sent with others at all. */
  #meetsWord(): boolean {
    const word = this.#last.value;
    if (this.#second.isSymbol('.')) return true;
    // A write within a WITH; or a column of that name, which costs nothing but speed.
    if (writes.has(word)) this.#kind = 'write';
    else if (lockStrengths.has(word) && this.#second.isWord('for')) this.#kind = 'write';
    // SELECT INTO makes a table.
    else if (word === 'into') return this.#kind === 'write';
    return true;
  }

  /** A parenthesis: does it call what stands before it? */
  #meetsCall(): void {
    const name = this.#second;
    if (name.token !== 'word' && name.token !== 'quoted') return;
    const before = this.#third;
    if (before.isSymbol('.')) {
      // Whose schema that is, only the token before it would tell.
      this.#kind = 'write';
      return;
    }
    if (name.token === 'word' && notCalled.has(name.value)) return;
    if (before.token === 'word' && namesNext.has(before.value)) return;
    if (!harmlessFunctions.has(name.value)) this.#kind = 'write';
  }

  #endsHere(): boolean {
    for (;;) {
      const token = this.#read();
      if (token === 'end') return true;
      if (token !== 'symbol' || this.#last.value !== ';') return false;
    }
  }
}

/** A token that was read. */
class Seen {
  token: TokenKind = 'end';
  value = '';

  isSymbol(symbol: string): boolean {
    return this.token === 'symbol' && this.value === symbol;
  }

  isWord(word: string): boolean {
    return this.token === 'word' && this.value === word;
  }
}
