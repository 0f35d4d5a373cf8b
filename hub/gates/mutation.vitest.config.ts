import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** The tests of the rules alone: what they let pass, no test of a whole gate should have to find. */
export default defineConfig({
  test: {
    include: ['hub/gates/{rules,rules.property,pass}.test.ts', 'hub/calendar/calendar.test.ts'],
    setupFiles: [fileURLToPath(new URL('./testing/same-every-time.ts', import.meta.url))],
    // With --coverage: no way through the rules that no test takes.
    coverage: {
      provider: 'v8',
      include: ['hub/gates/rules.ts'],
      reporter: ['text-summary'],
      reportsDirectory: 'coverage/rules',
      thresholds: { branches: 100, functions: 100, lines: 100 },
    },
  },
});
