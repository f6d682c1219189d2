// The page on HTTP says of options and error codes what the code does, and names all of them.

import { readdir, readFile } from 'node:fs/promises';
import { InvalidOptionsError } from 'openline';
import { HttpPool } from 'openline/http';
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../src/core/options.ts';
import { httpOptionNames, resolveHttpOptions } from '../../src/http/options.ts';
import { leakThresholdMs } from '../../src/http/origin.ts';
import { tableOf } from './table.ts';

const page = await readFile(new URL('../../../../docs/http.md', import.meta.url), 'utf8');

const asNumber = (cell: string): number =>
  cell === 'Infinity' ? Number.POSITIVE_INFINITY : Number(cell.replaceAll(',', ''));

const options = tableOf(page, 'option').map(([name = '', fallback = '', least = '']) => ({
  name,
  fallback,
  least,
}));
const numbers = options
  .filter(({ least }) => least !== '')
  .map(({ name, fallback, least }) => ({ name, fallback: asNumber(fallback), least: asNumber(least) }));

/** What is wrong with an option of this value. */
function faultsOf(name: string, value: number): readonly string[] {
  try {
    new HttpPool({ [name]: value });
    return [];
  } catch (error) {
    return (error as InvalidOptionsError).faults.map(({ option }) => option);
  }
}

describe('the options', () => {
  it('are all there, and no others', () => {
    expect(options.map(({ name }) => name).sort()).toEqual([...httpOptionNames].sort());
  });

  it('have the defaults that are told', () => {
    const { of, maxTotal, maxOrigins } = resolveHttpOptions(undefined);
    const { limits, maxHeaderSize } = of('https://example.com');
    const own = { ...resolveOptions({}), leakThresholdMs, ...limits, maxTotal, maxOrigins, maxHeaderSize };
    const told = numbers.filter(({ name }) => name in own);
    expect(told.map(({ name, fallback }) => [name, fallback])).toEqual(
      told.map(({ name }) => [name, own[name as keyof typeof own]]),
    );
    expect(numbers.length - told.length, 'numbers that a socket has').toBe(1);
  });

  it.each(numbers)('$name may be $least and not less', ({ name, least }) => {
    expect(faultsOf(name, least)).not.toContain(name);
    expect(faultsOf(name, least - 1)).toContain(name);
  });

  it('may be Infinity as is told', () => {
    const finite = numbers.filter(({ name }) => faultsOf(name, Number.POSITIVE_INFINITY).length > 0);
    expect(finite.map(({ name }) => name)).toEqual(['maxOrigins', 'min', 'maxHeaderSize']);
    for (const { name } of finite) expect(page).toMatch(new RegExp(`all numbers take it but .*\`${name}\``));
  });

  it('belong to the pool where they are told to, else to its origins too', () => {
    const refused = options.slice(0, 6).map(({ name }) => name);
    expect(page).toContain('All options but the first six');
    for (const { name } of options) {
      const isRefused = (): unknown =>
        new HttpPool({ origins: { 'https://example.com': { [name]: undefined } } });
      if (refused.includes(name)) expect(isRefused, name).toThrow(InvalidOptionsError);
      else expect(isRefused, name).not.toThrow();
    }
  });
});

it('names every error code of its own, and none that there is not', async () => {
  const folder = new URL('../../src/http/', import.meta.url);
  const files = await Promise.all(
    (await readdir(folder)).map((name) => readFile(new URL(name, folder), 'utf8')),
  );
  const pattern = /\b(?:OPENLINE|UND_ERR)_[A-Z_]+\b/g;
  const made = new Set(files.flatMap((text) => text.match(pattern) ?? []));
  // undici's own way of closing a socket, which no request hears of.
  made.delete('UND_ERR_INFO');
  const ofTheEngine = ['ACQUIRE_TIMEOUT', 'CONNECT', 'INVALID_OPTIONS', 'QUEUE_FULL'];
  for (const word of ofTheEngine) made.add(`OPENLINE_${word}`);
  expect([...new Set(page.match(pattern))].sort()).toEqual([...made].sort());
});
