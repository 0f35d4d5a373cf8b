import { defineConfig } from 'vitest/config';

/** The tests of the rules alone: what they let pass, no test of a whole gate should have to find. */
export default defineConfig({
  test: {
    include: ['hub/gates/{rules,rules.property,calendar,pass}.test.ts'],
    setupFiles: ['hub/gates/testing/same-every-time.ts'],
  },
});
