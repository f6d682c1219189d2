// The shape of a bench: what one file in benches/ says of itself to the parent and to its workers.

/** What can travel between the parent and a worker, and into the figures. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/** One kind of figure: how it is called, rounded, and whether a ratio to the reference says anything. */
export interface Metric {
  readonly key: string;
  readonly label: string;
  readonly unit: string;
  /** Digits after the point in the table; the JSON keeps them all. */
  readonly digits: number;
  readonly better: 'lower' | 'higher';
  /** Whether a ratio to the reference is reported; true when absent. */
  readonly compare?: boolean;
}

/** One load, put on every contender that enters it. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** Keys of the metrics that a round of this scenario yields, in the order of the table. */
  readonly metrics: readonly string[];
  /** The contenders that enter; all when absent. */
  readonly contenders?: readonly string[];
  /** The contender that the others are compared with; the bench's when absent. */
  readonly reference?: string;
  /** As many rounds as these are enough, for a figure that hardly moves; no bound when absent. */
  readonly maxRounds?: number;
  readonly load: Json;
}

/** A condition of the whole process under which every scenario is run once more, in processes of its own. */
export interface Variant {
  readonly name: string;
  readonly label: string;
}

/** How large a run is. */
export interface Size {
  /** Milliseconds that one timed round should take at least, where the bench is free to choose. */
  readonly roundMs: number;
  /** The smallest load that still runs everything; its figures mean nothing. */
  readonly tiny: boolean;
}

/** What the parent prepared for all workers, a database server say. */
export interface Arena {
  /** Handed to every worker; never shown. */
  readonly access: Json;
  /** What the workers' environment holds besides the parent's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Shown beside the figures. */
  readonly facts: Readonly<Record<string, string | number>>;
  close(): Promise<void>;
}

/** What a worker is told when it starts. */
export interface Entry {
  readonly contender: string;
  readonly variant: string;
  readonly size: Size;
  readonly access: Json;
}

/** The figures of one round of one scenario by one contender, by metric. */
export type Sample = Readonly<Record<string, number>>;

/** One contender inside its worker. */
export interface Racer {
  /** Runs the scenario until the code is compiled and the size of a round is known. */
  warmUp(scenario: Scenario): Promise<void>;
  run(scenario: Scenario): Promise<Sample>;
  close(): Promise<void>;
}

export interface Contender {
  readonly name: string;
  /** The dependency of this workspace whose version stands in the figures. */
  readonly dependency?: string;
}

export interface Bench {
  readonly name: string;
  readonly title: string;
  /** What a reader must know to read the figures. */
  readonly notes: readonly string[];
  readonly rounds: number;
  /** Milliseconds of a timed round by default; absent where the load sets them. */
  readonly roundMs?: number;
  /** The contender that the others are compared with, where a scenario names no other. */
  readonly reference: string;
  readonly contenders: readonly Contender[];
  readonly variants?: readonly Variant[];
  readonly metrics: readonly Metric[];
  /** Flags for the workers' node. */
  readonly execArgv?: readonly string[];
  scenarios(size: Size): readonly Scenario[];
  /** Runs in the parent. */
  setUp?(size: Size, progress: (line: string) => void): Promise<Arena>;
  /** Runs in a worker. */
  enter(entry: Entry): Promise<Racer>;
}
