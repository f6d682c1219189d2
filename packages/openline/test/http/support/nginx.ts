// Whether there is an nginx for the tests that need one, and what it is told as a proxy.

import { findNginx } from 'openline-cli/servers';

/** Why the tests that need the program are skipped, or nothing. */
export const lacksNginx: string | undefined =
  findNginx() === undefined ? 'skipped: there is no nginx here (apt-get install nginx-light)' : undefined;

/** The directives of a site that hands everything on to a port of this machine, as it comes. */
export function proxyTo(port: number, further = ''): string {
  return `
    ${further}
    client_max_body_size 0;
    underscores_in_headers on;
    set $to_upstream "";
    if ($http_upgrade) { set $to_upstream upgrade; }
    location / {
      proxy_pass http://127.0.0.1:${port};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $to_upstream;
      proxy_buffering off;
      proxy_request_buffering off;
    }`;
}
