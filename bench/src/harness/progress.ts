// Progress on stderr: one line that overwrites itself on a terminal, a line each elsewhere.

export interface Progress {
  say(line: string): void;
  done(): void;
}

export function startProgress(bench: string): Progress {
  const { stderr } = process;
  const started = performance.now();
  return {
    say(line) {
      const text = `[${bench} ${Math.round((performance.now() - started) / 1000)} s] ${line}`;
      stderr.write(stderr.isTTY ? `\r\x1b[2K${text}` : `${text}\n`);
    },
    done() {
      if (stderr.isTTY) stderr.write('\r\x1b[2K');
    },
  };
}
