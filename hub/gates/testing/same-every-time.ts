import fc from 'fast-check';

/** Whether a mutant survives must not depend on the day. */
fc.configureGlobal({ seed: 1 });
