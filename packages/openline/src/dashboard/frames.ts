// What is sent to those who look: rows of the pools and of one pool's parts, at first whole and then as far as they have changed.

/** What is the matter with a pool. */
export interface Diagnosis {
  /** In one sentence. */
  readonly sentence: string;
  /** What was measured, a clause each. */
  readonly evidence?: readonly string[];
  /** What to do, in one sentence. */
  readonly advice?: string;
  /** Nothing is wrong: shown calmly. Default `false`. */
  readonly healthy?: boolean;
}

/** What is shown of a diagnosis. */
export interface FindingRow {
  /** `unsure`: something is wrong, and `others` are the candidates. */
  readonly mood: 'good' | 'unsure' | 'bad';
  /** The cause, or the whole in a sentence. */
  readonly title: string;
  readonly evidence: readonly string[];
  readonly advice: string;
  /** What is the matter besides, or may be, the likeliest first. */
  readonly others: readonly {
    readonly title: string;
    readonly evidence: readonly string[];
    readonly advice: string;
  }[];
}

/** One pool. Totals count since it was made. */
export interface PoolRow {
  readonly id: number;
  readonly name: string;
  readonly state: string;
  readonly max: number;
  /** A letter a connection, in the order of their opening: see {@link slotLetters}. */
  readonly slots: string;
  readonly waiting: number;
  readonly leases: number;
  readonly acquired: number;
  readonly timedOut: number;
  readonly refused: number;
  readonly opened: number;
  readonly openFailed: number;
  /** The last failure of the outage under way; empty when there is none. */
  readonly outage: string;
  /** When it began, in milliseconds since the epoch, or 0. */
  readonly outageSince: number;
  /** The same object as long as it says the same. */
  readonly diagnosis: FindingRow | null;
}

/** The letter of each state; a capital where the lease is shared. */
export const slotLetters: Readonly<Record<string, string>> = {
  opening: 'o',
  idle: 'i',
  leased: 'l',
  validating: 'v',
  resetting: 'r',
  detached: 'd',
  closing: 'c',
  closed: 'x',
};

/** One connection of the pool that is looked at closely. */
export interface ConnectionRow {
  readonly id: number;
  readonly state: string;
  /** When it was opened, in milliseconds since the epoch. */
  readonly since: number;
  readonly uses: number;
  readonly leases: number;
  readonly condemned: string;
}

/** One lease under way. */
export interface HolderRow {
  readonly connectionId: number;
  /** When it began, in milliseconds since the epoch. */
  readonly since: number;
  readonly mode: string;
  /** Empty where it was not captured. */
  readonly place: string;
  /** Whose time it is now: the peer is at work, or its holder is; `nobody`: the lease was garbage-collected; empty where the connector cannot tell. */
  readonly whose: 'server' | 'caller' | 'nobody' | '';
  /** The beginning of what is under way, where it was asked for; else empty. */
  readonly request: string;
}

/** Something that happened, or several of a kind that happened shortly after one another. */
export interface EventRow {
  readonly id: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly pool: string;
  readonly kind: string;
  readonly mood: 'good' | 'plain' | 'bad';
  readonly text: string;
  readonly count: number;
}

/** An open that ended. */
export interface OpenRow {
  readonly id: number;
  readonly at: number;
  readonly connectionId: number;
  readonly tookMs: number;
  readonly phases: readonly { readonly name: string; readonly tookMs: number }[];
  /** Empty where it succeeded. */
  readonly failure: string;
}

/** Durations recorded between two looks: how many, and percentiles in milliseconds. */
export interface TimesPoint {
  readonly n: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** The times of one pool between two looks. */
export interface TimesRow {
  readonly at: number;
  readonly wait: TimesPoint;
  readonly use: TimesPoint;
  readonly connect: TimesPoint;
  readonly waiting: number;
  readonly leased: number;
}

/** Rows that are new, with all their fields, or have changed, with those that have; and the ids of those that are gone. */
export interface RowChanges<Row> {
  readonly changed?: readonly (Partial<Row> & { readonly id: number })[];
  readonly gone?: readonly number[];
}

/** The event `pools`. */
export interface PoolsFrame extends RowChanges<PoolRow> {
  readonly at: number;
  /** The first of a stream: what was known before is void. */
  readonly whole?: true;
  readonly events?: readonly EventRow[];
}

/** The event `detail`: the one pool that is looked at closely. */
export interface DetailFrame {
  readonly pool: number;
  readonly whole?: true;
  readonly times: readonly TimesRow[];
  readonly connections?: RowChanges<ConnectionRow>;
  /** The longest leases, where they have changed. */
  readonly holders?: readonly HolderRow[];
  readonly opens?: readonly OpenRow[];
}
