// The public surface of the servers folder.
export type { CertificateOptions, Certificates } from './certificates.ts';
export { makeCertificates } from './certificates.ts';
export type { ServerErrorCode } from './errors.ts';
export { ServerError } from './errors.ts';
export type { Nginx, NginxOptions, NginxSite } from './nginx.ts';
export { findNginx, startNginx } from './nginx.ts';
export type { PgBouncer, PgBouncerOptions } from './pgbouncer.ts';
export { findPgBouncer, startPgBouncer } from './pgbouncer.ts';
export { startPostgres } from './postgres.ts';
export type { PostgresOptions, PostgresServer } from './types.ts';
