// A viewer's stream, read event by event.
import http from 'node:http';
import type { DetailFrame, EventRow, PoolRow, PoolsFrame, RowChanges } from '../../src/dashboard/frames.ts';

interface Sent {
  readonly name: string;
  readonly data: PoolsFrame & DetailFrame;
}

/** What a page would know, made of what it was sent. */
export class Watching {
  readonly sent: Sent[] = [];
  readonly pools = new Map<number, PoolRow>();
  readonly events = new Map<number, EventRow>();
  detail: DetailFrame | undefined;
  ended = false;
  bytes = 0;
  readonly #request: http.ClientRequest;
  #waiting: (() => void)[] = [];

  constructor(port: number, query = '', headers: http.OutgoingHttpHeaders = {}) {
    const path = `/feed${query}`;
    this.#request = http.get(
      { host: '127.0.0.1', port, path, agent: false, headers: { host: 'localhost', ...headers } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          this.bytes += chunk.length;
          text += chunk;
          const events = text.split('\n\n');
          text = events.pop() ?? '';
          for (const event of events) this.#take(event);
          this.#tell();
        });
        response.on('error', () => {}).on('close', () => this.#end());
      },
    );
    this.#request.on('error', () => this.#end());
  }

  /** Waits for what it has been sent to say so. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      if (this.ended) throw new Error('the stream ended before');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async untilEnded(): Promise<void> {
    while (!this.ended) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  named(name: string): PoolRow | undefined {
    return [...this.pools.values()].find((pool) => pool.name === name);
  }

  leave(): void {
    this.#request.destroy();
  }

  #end(): void {
    this.ended = true;
    this.#tell();
  }

  #tell(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #take(text: string): void {
    const [, name = '', data = '{}'] = /^event: (.*)\ndata: (.*)$/s.exec(text) ?? [];
    if (name === '') return;
    const sent = { name, data: JSON.parse(data) } as Sent;
    this.sent.push(sent);
    if (name === 'detail') this.detail = sent.data;
    else {
      const { changed, gone }: RowChanges<PoolRow> = sent.data;
      if (sent.data.whole) this.pools.clear();
      for (const row of changed ?? []) this.pools.set(row.id, { ...this.pools.get(row.id)!, ...row });
      for (const id of gone ?? []) this.pools.delete(id);
      for (const event of sent.data.events ?? []) this.events.set(event.id, event);
    }
  }
}
