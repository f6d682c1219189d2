// What HttpPool extends: undici's Dispatcher, which the types of the global fetch know by another name.

import { Dispatcher } from 'undici';

/**
 * The dispatcher that the global fetch takes, by the types of the `@types/node` in use: those of an undici of their own, seldom the installed
 * one, and each version's classes differ a little. Nothing where the fetch is the browsers'.
 */
type FetchDispatcher = RequestInit extends { dispatcher?: infer D } ? NonNullable<D> : unknown;

/** undici's Dispatcher, typed so that what extends it goes wherever either is wanted. */
export const DispatcherBase: new () => Dispatcher & FetchDispatcher = Dispatcher as never;
