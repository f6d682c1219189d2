// What the lab is asked to do.

/** The lab's settings, from the command line. */
export interface LabSettings {
  /** Ends after the comparison instead of keeping the service up. */
  readonly once: boolean;
  /** Prints the comparison as JSON instead of as a table and a chart. */
  readonly json: boolean;
  /** TCP port of the pooled service and its page; `undefined`: the default one, or any free one where it is taken. */
  readonly port: number | undefined;
  /** How long each of the two services is measured, in seconds. */
  readonly seconds: number;
  /** Callers that ask the service all the time, each for its next order as soon as it has the last. */
  readonly callers: number;
  /** The most connections of each pool: to the database and to the price service. */
  readonly max: number;
}

/** The port that is tried when none is given; the playground tries the one after the service's. */
export const defaultPort = 4242;

/** Load before each measurement that is not measured, in seconds: compilers warm up, pools fill. */
export const warmUpSeconds = 1;
