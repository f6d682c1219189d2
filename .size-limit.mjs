// The most that each entry may weigh in a user's bundle: minified and gzipped, the driver left out.

/** @param {object} config */
const forNode = (config) => ({ ...config, platform: 'node', format: 'esm' });

export default [
  {
    name: 'openline: the engine',
    path: 'packages/openline/dist/core/index.js',
    gzip: true,
    limit: '25 kB',
    modifyEsbuildConfig: forNode,
  },
  {
    name: 'openline/dashboard: the handler, with what it needs of the engine, without the page',
    path: 'packages/openline/dist/dashboard/index.js',
    gzip: true,
    limit: '30 kB',
    modifyEsbuildConfig: forNode,
  },
  {
    name: 'openline/http: with the engine, without undici',
    path: 'packages/openline/dist/http/index.js',
    ignore: ['undici'],
    gzip: true,
    limit: '48 kB',
    modifyEsbuildConfig: forNode,
  },
  {
    name: 'openline/pg: with the engine and the diagnosis, without the driver',
    path: 'packages/openline/dist/pg/index.js',
    ignore: ['pg'],
    gzip: true,
    limit: '51 kB',
    modifyEsbuildConfig: forNode,
  },
  {
    name: 'openline/telemetry: with what it needs of the engine, and the diagnosis',
    path: 'packages/openline/dist/telemetry/index.js',
    gzip: true,
    limit: '15 kB',
    modifyEsbuildConfig: forNode,
  },
];
