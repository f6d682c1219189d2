// The tokens of an SQL text, as far as its kind depends on them. PostgreSQL documentation, chapter "Lexical Structure".

/** What a token is; `end` is the end of the text, `fault` a text that cannot be told apart for sure. */
export type TokenKind = 'word' | 'quoted' | 'string' | 'number' | 'parameter' | 'symbol' | 'end' | 'fault';

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant.
const notAscii = /[^\x00-\x7f]/;

const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isLetter = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || code >= 128;
const isInWord = (code: number): boolean => isLetter(code) || isDigit(code) || code === dollar;

const [quote, doubleQuote, backslash, dollar, minus, slash, star, newline, ampersand, dot] = [
  39, 34, 92, 36, 45, 47, 42, 10, 38, 46,
] as const;

/** Reads a text from its beginning to its end, once. */
export class Lexer {
  readonly #text: string;
  #at = 0;
  /** The token read last: a word in lower case, a quoted identifier without its quotes, a symbol's character. */
  value = '';

  constructor(text: string) {
    this.#text = text;
  }

  /** Reads the next token; its text is in {@link value} where it matters. */
  next(): TokenKind {
    if (!this.#skipBlank()) return 'fault';
    const text = this.#text;
    if (this.#at >= text.length) return 'end';
    const code = text.charCodeAt(this.#at);
    if (isLetter(code)) return this.#word();
    if (isDigit(code) || (code === dot && isDigit(text.charCodeAt(this.#at + 1)))) return this.#number();
    if (code === quote) return this.#string(false, false);
    if (code === doubleQuote) return this.#quoted();
    if (code === dollar) return this.#dollar();
    if (code === 0) return 'fault';
    this.#at++;
    this.value = text[this.#at - 1]!;
    return 'symbol';
  }

  /** Skips white space and comments. Returns whether every comment has its end. */
  #skipBlank(): boolean {
    const text = this.#text;
    for (;;) {
      const code = text.charCodeAt(this.#at);
      const following = text.charCodeAt(this.#at + 1);
      if (code === 32 || (code >= 9 && code <= 13)) this.#at++;
      else if (code === minus && following === minus) this.#skipLine();
      else if (code === slash && following === star) {
        if (!this.#skipBlock()) return false;
      } else return true;
    }
  }

  #skipLine(): void {
    const text = this.#text;
    while (this.#at < text.length) {
      const code = text.charCodeAt(this.#at);
      if (code === newline || code === 13) return;
      this.#at++;
    }
  }

  /** Block comments nest. */
  #skipBlock(): boolean {
    const text = this.#text;
    let depth = 0;
    while (this.#at < text.length) {
      const code = text.charCodeAt(this.#at);
      const following = text.charCodeAt(this.#at + 1);
      if (code === slash && following === star) depth++;
      else if (code === star && following === slash) depth--;
      else {
        this.#at++;
        continue;
      }
      this.#at += 2;
      if (depth === 0) return true;
    }
    return false;
  }

  #word(): TokenKind {
    const text = this.#text;
    const start = this.#at;
    while (this.#at < text.length && isInWord(text.charCodeAt(this.#at))) this.#at++;
    const word = text.slice(start, this.#at);
    // The server folds ASCII for sure, and the rest by its locale: such a name is none that is known.
    this.value = notAscii.test(word) ? word : word.toLowerCase();
    const code = text.charCodeAt(this.#at);
    if (code === quote) {
      if (this.value === 'e') return this.#string(true, true);
      if (this.value === 'b' || this.value === 'x' || this.value === 'n') return this.#string(false, false);
    }
    if (this.value === 'u' && code === ampersand) {
      const following = text.charCodeAt(this.#at + 1);
      if (following !== quote && following !== doubleQuote) return 'word';
      this.#at++;
      if (following === quote) return this.#string(false, true);
      const kind = this.#quoted();
      // Its escapes are not read: it is some name, and none that is known.
      this.value = '';
      return kind;
    }
    return 'word';
  }

  #number(): TokenKind {
    const text = this.#text;
    while (this.#at < text.length) {
      const code = text.charCodeAt(this.#at);
      if (!isDigit(code) && code !== dot) break;
      this.#at++;
    }
    return 'number';
  }

  /**
   * @param escapes - whether a backslash takes the next character out of its meaning
   * @param knowsBackslash - whether the meaning of a backslash is certain; in a plain string it hangs on a setting of the session
   */
  #string(escapes: boolean, knowsBackslash: boolean): TokenKind {
    const text = this.#text;
    this.#at++;
    while (this.#at < text.length) {
      const code = text.charCodeAt(this.#at++);
      if (code === 0) return 'fault';
      if (code === backslash) {
        if (!knowsBackslash) return 'fault';
        if (escapes) this.#at++;
      } else if (code === quote) {
        if (text.charCodeAt(this.#at) !== quote) return 'string';
        this.#at++;
      }
    }
    return 'fault';
  }

  #quoted(): TokenKind {
    const text = this.#text;
    const start = ++this.#at;
    while (this.#at < text.length) {
      const code = text.charCodeAt(this.#at++);
      if (code === 0) return 'fault';
      if (code !== doubleQuote) continue;
      if (text.charCodeAt(this.#at) !== doubleQuote) {
        this.value = text.slice(start, this.#at - 1);
        return 'quoted';
      }
      this.#at++;
    }
    return 'fault';
  }

  /** A parameter, `$1`, or a text between two tags, `$tag$`. */
  #dollar(): TokenKind {
    const text = this.#text;
    const start = this.#at++;
    if (isDigit(text.charCodeAt(this.#at))) {
      while (isDigit(text.charCodeAt(this.#at))) this.#at++;
      return 'parameter';
    }
    while (this.#at < text.length && text.charCodeAt(this.#at) !== dollar) {
      const code = text.charCodeAt(this.#at);
      if (!isLetter(code) && !isDigit(code)) return 'fault';
      this.#at++;
    }
    if (this.#at >= text.length) return 'fault';
    const tag = text.slice(start, ++this.#at);
    const end = text.indexOf(tag, this.#at);
    if (end < 0) return 'fault';
    this.#at = end + tag.length;
    return 'string';
  }
}
