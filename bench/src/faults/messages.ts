// What the parent and a player say to each other.

import type { Crowd } from './callers.ts';
import type { Call } from './calls.ts';
import type { Span } from './clock.ts';

/** What a player needs to begin. */
export interface Part {
  /** The address of the contender's module. */
  readonly module: string;
  /** What leads to its server: the module knows what it is. */
  readonly access: object;
  /** The contender's own options. */
  readonly options: Readonly<Record<string, number>>;
  readonly crowd: Crowd;
}

export type Order =
  | { readonly kind: 'begin'; readonly part: Part }
  | { readonly kind: 'stop'; readonly patienceMs: number };

export type Word =
  | { readonly kind: 'calls'; readonly calls: readonly Call[] }
  | { readonly kind: 'ended'; readonly unanswered: readonly number[]; readonly stalls: readonly Span[] }
  | { readonly kind: 'crashed'; readonly reason: string };
