// Options checked where they enter: all faults at once, each naming the option, the value, and what would be right.

import { InvalidOptionsError, type OptionFault } from './errors.ts';

/** What a numeric option may be. */
export interface NumberRule {
  readonly min: number;
  /** `Infinity` is taken, and means that there is no limit. */
  readonly infinite: boolean;
  readonly integer: boolean;
}

/** Collects the faults of one set of options. */
export class OptionChecks {
  readonly #poolName: string;
  readonly #given: Readonly<Record<string, unknown>>;
  readonly #faults: OptionFault[] = [];

  constructor(poolName: string, given: unknown) {
    this.#poolName = poolName;
    if (given !== undefined && (typeof given !== 'object' || given === null)) {
      this.fault('options', `is ${inWords(given)}: give an object`);
      this.#given = {};
    } else {
      this.#given = (given ?? {}) as Record<string, unknown>;
    }
  }

  fault(option: string, problem: string): void {
    this.#faults.push({ option, problem });
  }

  /** Refuses names that nobody knows, with the nearest one that is known. */
  knownNames(known: readonly string[]): void {
    for (const name of Object.keys(this.#given)) {
      if (known.includes(name)) continue;
      const near = nearestName(name, known);
      this.fault(
        name,
        near === undefined
          ? `is unknown: known are ${known.join(', ')}`
          : `is unknown: did you mean ${near}?`,
      );
    }
  }

  number(option: string, fallback: number, rule: NumberRule): number {
    const value = this.#given[option];
    if (value === undefined) return fallback;
    const fits =
      typeof value === 'number' &&
      value >= rule.min &&
      (value === Number.POSITIVE_INFINITY ? rule.infinite : !rule.integer || Number.isInteger(value));
    if (fits) return value;
    const kind = rule.integer ? 'a whole number' : 'a number';
    this.fault(
      option,
      `is ${inWords(value)}: give ${kind} from ${rule.min}${rule.infinite ? ', or Infinity' : ''}`,
    );
    return fallback;
  }

  string(option: string, fallback: string): string {
    const value = this.#given[option];
    if (value === undefined) return fallback;
    if (typeof value === 'string' && value !== '') return value;
    this.fault(option, `is ${inWords(value)}: give a string that is not empty`);
    return fallback;
  }

  /** An option that must have the given methods. */
  object<T>(option: string, fallback: T, methods: readonly string[]): T {
    const value = this.#given[option];
    if (value === undefined) return fallback;
    const missing = methods.filter(
      (method) => typeof (value as Record<string, unknown> | null)?.[method] !== 'function',
    );
    if (missing.length === 0 && typeof value === 'object' && value !== null) return value as T;
    this.fault(
      option,
      `is ${inWords(value)}: give an object${missing.length > 0 ? ` with ${missing.join(', ')}` : ''}`,
    );
    return fallback;
  }

  /** @throws {@link InvalidOptionsError} when a fault was found. */
  done(): void {
    if (this.#faults.length > 0) throw new InvalidOptionsError(this.#poolName, this.#faults);
  }
}

/** A value as an error may show it: no text of the user's, since it may be a secret in the wrong place. */
function inWords(value: unknown): string {
  if (typeof value === 'string') return value === '' ? 'an empty string' : `a string of ${value.length}`;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

/** The known name that differs least, if it differs by no more than a third of its letters. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least && distance <= Math.max(2, candidate.length / 3)) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

/** Levenshtein's distance: insertions, deletions and replacements of one letter. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
