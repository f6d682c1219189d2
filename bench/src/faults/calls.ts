// What is written down of a call, and the word for what went wrong with it.

/** One call that was answered, on the clock of `nowMs()`. */
export interface Call {
  readonly askedAt: number;
  readonly endedAt: number;
  readonly outcome: 'right' | 'wrong' | 'failed';
  /** What failed, in a few words that are the same for all failures of a kind. */
  readonly label?: string;
  /** The failure's own message, shortened. */
  readonly message?: string;
}

const LABEL_WORDS = 5;
const MESSAGE_LENGTH = 600;
/** Names that say nothing: the plain class, pg's name for all that a server reports. */
const EMPTY_NAMES = new Set(['Error', 'error', 'AggregateError']);

/** The failure as its name and its code, or as its first words where it has no code. */
export function labelOf(error: unknown): string {
  if (!(error instanceof Error)) return `not an Error: ${String(error)}`.slice(0, MESSAGE_LENGTH);
  const { code } = error as { code?: unknown };
  const names = EMPTY_NAMES.has(error.name) ? [] : [error.name];
  if (typeof code === 'string') return [...names, code].join(' ');
  const words = error.message.replaceAll(/\d+/g, 'N').split(/\s+/).slice(0, LABEL_WORDS);
  return [...names, words.join(' ')].join(' ');
}

export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.length > MESSAGE_LENGTH ? `${text.slice(0, MESSAGE_LENGTH)}…` : text;
}
