// Where the lab writes: results to standard output, everything else to standard error.
import { bar } from './bar.ts';
import { messageColours as colours } from './colours.ts';

const { isTTY } = process.stderr;
const barWidth = 24;
const eraseLine = '\r\u001b[2K';

/** How wide standard output is; 80 where it is no terminal. */
export const outputColumns = (): number => process.stdout.columns ?? 80;

/** Prints a result. */
export function printResult(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Tells of a step that begins or has ended. */
export function tell(text: string): void {
  process.stderr.write(`${isTTY ? eraseLine : ''}${colours.cyan('›')} ${text}\n`);
}

/** Tells how far a step is (`done`: 0 to 1): in place on a terminal, else in a line of its own every two seconds. */
export function progressTeller(): (done: number, text: string) => void {
  let toldAt = performance.now();
  return (done, text) => {
    if (isTTY) {
      const room = Math.max(0, (process.stderr.columns ?? 80) - barWidth - 4);
      const filled = bar(done, 1, barWidth).padEnd(barWidth, '░');
      process.stderr.write(`${eraseLine}  ${colours.cyan(filled)} ${colours.dim(text.slice(0, room))}`);
    } else if (performance.now() - toldAt >= 2_000) {
      toldAt = performance.now();
      process.stderr.write(`  ${text}\n`);
    }
  };
}

/** Tells why the lab has failed. */
export function tellFailure(text: string): void {
  process.stderr.write(`${isTTY ? eraseLine : ''}${colours.red('openline:')} ${text}\n`);
}
