// An nginx of one's own: what it serves, who runs it, and what is left of it.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  findNginx,
  makeCertificates,
  type Nginx,
  type NginxOptions,
  startNginx,
} from '../../src/servers/index.ts';
import { isRefused } from '../../src/servers/ports.ts';
import { ownPlaces, readRecord } from '../../src/servers/registry.ts';

const isMissing = findNginx() === undefined;
const skipped = isMissing ? ' (skipped: there is no nginx here; apt-get install nginx-light)' : '';

describe.skipIf(isMissing)(`an nginx${skipped}`, () => {
  async function started(options: NginxOptions): Promise<Nginx> {
    const nginx = await startNginx(options);
    onTestFinished(() => nginx.stop());
    return nginx;
  }

  const placeOf = ({ ports }: Nginx) => [...ownPlaces].find((place) => readRecord(place)?.port === ports[0])!;
  const sites = [{ protocol: 'http', directives: 'root $files;' }] as const;

  test('serves each site on a port of its own, with the certificate given', async () => {
    const { ca, ...certificates } = await makeCertificates(['127.0.0.1']);
    const { host, ports } = await started({
      certificates,
      files: { 'hello.txt': 'hello' },
      sites: [...sites, { protocol: 'https', directives: 'location / { return 204; }' }],
    });
    expect(await (await fetch(`http://${host}:${ports[0]}/hello.txt`)).text()).toBe('hello');
    const status = await new Promise((resolve, reject) => {
      get({ host, port: ports[1], ca }, (response) => resolve(response.statusCode)).on('error', reject);
    });
    expect(status).toBe(204);
  });

  test('runs as an ordinary user, with the key in a file of that user alone', async () => {
    const certificates = await makeCertificates(['127.0.0.1']);
    const nginx = await started({ certificates, sites: [{ protocol: 'h2', directives: '' }] });
    const place = placeOf(nginx);
    const { uid, mode } = statSync(join(place.folder, 'key.pem'));
    expect(uid).not.toBe(0);
    expect(mode & 0o777).toBe(0o600);
    expect(readFileSync(`/proc/${readRecord(place)!.server!.pid}/status`, 'utf8')).toContain(
      `Uid:\t${uid}\t`,
    );
  });

  test('leaves nothing when it is stopped', async () => {
    const nginx = await started({ sites });
    const place = placeOf(nginx);
    const parent = join(place.folder, '..');
    const name = place.folder.slice(parent.length + 1);
    expect(readdirSync(parent).filter((each) => each.startsWith(name))).not.toEqual([]);
    await nginx.stop();
    expect(readdirSync(parent).filter((each) => each.startsWith(name))).toEqual([]);
    expect(await isRefused(nginx.ports[0]!)).toBe(true);
  });

  test('says what is wrong with its settings, in its own words', async () => {
    await expect(started({ sites: [{ protocol: 'http', directives: 'nonsense;' }] })).rejects.toThrow(
      /nginx ended while it started.*unknown directive "nonsense"/s,
    );
  });

  test('refuses options that make no sense', async () => {
    await expect(startNginx({ sites: [] })).rejects.toThrow('sites is empty');
    await expect(startNginx({ sites: [{ protocol: 'h2', directives: '' }] })).rejects.toThrow(
      'no certificates',
    );
  });
});
