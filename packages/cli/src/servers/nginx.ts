// Starts an nginx of the system's, with sites of the caller's. Its settings: nginx documentation, "Core functionality" and "ngx_http_core_module".
import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificates } from './certificates.ts';
import { writeFor } from './cluster.ts';
import { ServerError } from './errors.ts';
import { findProgram, startOwnServer } from './own-server.ts';
import type { Place } from './registry.ts';

/** One server of an nginx, with a port of its own. */
export interface NginxSite {
  /** What it speaks: HTTP/1.1 without TLS, with TLS, or HTTP/2 with TLS (and HTTP/1.1 to who does not offer that). */
  readonly protocol: 'http' | 'https' | 'h2';
  /** What stands in its `server` block besides `listen` and the certificate. `root` may name `$files`: the folder of {@link NginxOptions.files}. */
  readonly directives: string;
}

/** How to start an nginx. */
export interface NginxOptions {
  /** At least one. */
  readonly sites: readonly NginxSite[];
  /** For the sites with TLS. */
  readonly certificates?: Pick<Certificates, 'cert' | 'key'>;
  /** Files that it may serve, by name. Default: none. */
  readonly files?: Readonly<Record<string, string>>;
}

/** An nginx of this process's own, on the loopback address only. */
export interface Nginx {
  /** Always the loopback address. */
  readonly host: '127.0.0.1';
  /** TCP ports, in the order of the sites. */
  readonly ports: readonly number[];
  /** Ends it, and every connection to it. Idempotent. */
  stop(): Promise<void>;
}

/** The program, where the system has it: Debian's package is `nginx-light`. */
export function findNginx(): string | undefined {
  return findProgram('nginx');
}

/**
 * Starts an nginx with settings, logs and files of its own; resolves once it takes connections. It ends with this process.
 *
 * @throws {ServerError} `NOT_INSTALLED` without the program, `START_FAILED` with the end of its log, `INVALID_OPTIONS`.
 * @example
 * const nginx = await startNginx({ sites: [{ protocol: 'http', directives: 'location / { return 204; }' }] });
 * await fetch(`http://${nginx.host}:${nginx.ports[0]}/`);
 * await nginx.stop();
 */
export async function startNginx(options: NginxOptions): Promise<Nginx> {
  const { sites, certificates, files = {} } = options;
  if (sites.length === 0) throw new ServerError('INVALID_OPTIONS', 'Cannot start nginx: sites is empty.');
  if (certificates === undefined && sites.some(({ protocol }) => protocol !== 'http'))
    throw new ServerError(
      'INVALID_OPTIONS',
      'Cannot start nginx: a site has TLS, but there are no certificates.',
    );
  const program = findNginx();
  if (program === undefined)
    throw new ServerError('NOT_INSTALLED', 'There is no nginx here: apt-get install nginx-light.');
  const { ports, stop } = await startOwnServer({
    name: 'nginx',
    file: program,
    ports: sites.length,
    async prepare(place, runAs) {
      const folder = join(place.folder, 'files');
      mkdirSync(folder);
      if (runAs) chownSync(folder, runAs.uid, runAs.gid);
      for (const [name, text] of Object.entries(files)) await writeFor(runAs, join(folder, name), text);
      if (certificates === undefined) return;
      await writeFor(runAs, join(place.folder, 'cert.pem'), certificates.cert);
      await writeFor(runAs, join(place.folder, 'key.pem'), certificates.key);
    },
    async configure(place, ports, runAs) {
      const settings = join(place.folder, `nginx-${ports[0]}.conf`);
      await writeFor(runAs, settings, configuration(sites, ports, place));
      // Without -e it complains that it may not write to the log of the system's own nginx.
      return ['-e', 'stderr', '-p', place.folder, '-c', settings];
    },
  });
  return { host: '127.0.0.1', ports, stop };
}

function configuration(sites: readonly NginxSite[], ports: readonly number[], place: Place): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const servers = sites.map(({ protocol, directives }, at) => {
    const tls = protocol === 'http' ? '' : ` ssl${protocol === 'h2' ? ' http2' : ''}`;
    const certificate = tls === '' ? '' : 'ssl_certificate cert.pem; ssl_certificate_key key.pem;';
    const body = directives.replaceAll('$files', join(place.folder, 'files'));
    return `server { listen 127.0.0.1:${ports[at]}${tls}; ${certificate}\n${body}\n}`;
  });
  return `daemon off;
worker_processes 1;
# A connection that is open must not hold up its end.
worker_shutdown_timeout 1s;
pid nginx.pid;
error_log stderr;
events { worker_connections 1024; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${name};`).join('\n  ')}
  ${servers.join('\n  ')}
}
`;
}
