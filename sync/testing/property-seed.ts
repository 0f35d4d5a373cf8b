/*
 * Loaded before every test file. Properties draw the same examples in every run, so that a change is judged by what it
 * changed; `HALLHUB_PROPERTY_SEED=random` explores, a number repeats what such a run has found.
 */
import fc from 'fast-check';

const asked = process.env['HALLHUB_PROPERTY_SEED'] ?? '20260901';
if (asked !== 'random') fc.configureGlobal({ seed: Number(asked) });
