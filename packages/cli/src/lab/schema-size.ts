// How many orders there are: known to the schema and to the load.

/** Orders are numbered from 1 to this. */
export const orderCount = 1_000;
