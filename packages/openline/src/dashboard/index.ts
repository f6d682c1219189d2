// The public surface of the dashboard.

export { type Dashboard, dashboard, type FastifyLike, type FastifyReplyLike } from './dashboard.ts';
export type { Diagnosis } from './frames.ts';
export type { DashboardOptions } from './options.ts';
export type { VisiblePool, VisiblePools } from './visible.ts';
