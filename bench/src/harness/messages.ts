// What the parent and a worker say to each other: one request under way at a time, one answer to each.

import type { Entry, Sample, Scenario } from './bench.ts';

export type Request =
  | { readonly kind: 'enter'; readonly bench: string; readonly entry: Entry }
  | { readonly kind: 'warmUp'; readonly scenario: Scenario }
  | { readonly kind: 'run'; readonly scenario: Scenario }
  | { readonly kind: 'close' };

export type Answer =
  | { readonly kind: 'done'; readonly sample?: Sample }
  | { readonly kind: 'failed'; readonly reason: string };
