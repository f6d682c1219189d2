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

/** What may stand before a parenthesis and is never called: reserved words, and what the grammar keeps for itself (types and forms of its own). */
const notCalled = new Set(
  `all and any array as asc between bit case cast char character coalesce current_time current_timestamp dec decimal desc distinct else
  except exists extract fetch float for from greatest group grouping having in intersect interval lateral least limit localtime
  localtimestamp nchar normalize not nullif numeric offset on only or order overlay position row select some substring symmetric table
  then time timestamp trim union using values varchar when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest
  xmlparse xmlpi xmlroot xmlserialize xmltable`.split(/\s+/),
);
/** Words that are called like any name, except where the grammar wants them: the words before them that say so. */
const notCalledAfter: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    by: ['order', 'group', 'partition'],
    sets: ['grouping'],
    varying: ['char', 'character', 'bit'],
    rollup: ['by'],
    cube: ['by'],
  }).map(([word, before]) => [word, new Set(before)]),
);
/** These have their meaning behind an operand: a name, or a parenthesis that closes. */
const behindOperand = new Set(['filter', 'ilike', 'join', 'like', 'over', 'similar']);
/** After these an operand begins: what follows would be called. */
const beforeOperand = new Set(
  'all and any between by case distinct else except having in intersect like limit not offset on or returning select then union when where'.split(
    ' ',
  ),
);
/** A name after these is an alias or a type, with a list of its own. */
export const namesNext: ReadonlySet<string> = new Set(['as', 'with', 'recursive']);
const samplings = new Set(['bernoulli', 'system']);
/** Functions of one argument that wait or have an effect: `a.pg_sleep` calls them too, where `a` has no such column. */
const effectsByDot =
  /^(pg_(sleep|advisory|try_advisory|notify|terminate|cancel|read|ls|stat|switch|reload|rotate|export|create|drop|replication|logical|promote|wal)|nextval|lastval|currval|setval|setseed|lo_|query_to|ts_stat|pg_export)/;

/** Whether a word before a parenthesis is the grammar's, behind this token: it is not called then. */
export function isGrammar(
  word: string,
  before: { readonly token: TokenKind; readonly value: string },
): boolean {
  if (notCalled.has(word)) return true;
  if (before.token === 'word') {
    if (namesNext.has(before.value)) return true;
    if (before.value === 'tablesample' && samplings.has(word)) return true;
    if (notCalledAfter.get(word)?.has(before.value)) return true;
  }
  if (!behindOperand.has(word)) return false;
  if (before.token === 'symbol') return before.value === ')';
  return before.token === 'word' ? !beforeOperand.has(before.value) : true;
}

/** Whether `a.name`, with this token for `a`, may call a function of that name. */
export function mayCallByDot(
  name: string,
  before: { readonly token: TokenKind; readonly value: string },
): boolean {
  const isOfName = before.token === 'word' || before.token === 'quoted';
  return !isOfName || effectsByDot.test(name);
}

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
      } else if (token === 'quoted') {
        if (this.#second.isSymbol('.') && mayCallByDot(this.#last.value, this.#third)) this.#kind = 'write';
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
    if (this.#second.isSymbol('.')) {
      if (mayCallByDot(word, this.#third)) this.#kind = 'write';
      return true;
    }
    // A write within a WITH; or a column of that name, which costs nothing but speed.
    if (writes.has(word)) this.#kind = 'write';
    else if (lockStrengths.has(word) && this.#second.isWord('for')) this.#kind = 'write';
    // SELECT INTO makes a table.
    else if (word === 'into') return this.#second.isWord('insert') || this.#second.isWord('merge');
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
    if (name.token === 'word' && isGrammar(name.value, before)) return;
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
