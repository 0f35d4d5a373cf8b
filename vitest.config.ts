import { configDefaults, defineConfig } from 'vitest/config';

/** Three nodes of RabbitMQ want two cores for themselves: run after everything else, one file at a time. */
const CLUSTER = ['hub/broker/rabbitmq.contract.test.ts', 'e2e/rabbitmq.test.ts'];

/** What must hold every time, whoever dies or is cut off: nothing here gets a second try. */
const FAULTS = [
  'e2e/{gate-partition,device-faults,broker-kill,kill-loop,kill-loop-queue,kiosk-kill,gate-bad-input,lockers-two-hubs}.test.ts',
];
const PROPERTIES = './sync/testing/property-seed.ts';

export default defineConfig({
  test: {
    globalSetup: './sync/testing/temporary-folder.ts',
    projects: [
      {
        test: {
          name: 'unit',
          setupFiles: [PROPERTIES],
          include: ['{sync,hub,device-drivers,firmware-profiles,kiosk-app,bench}/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...CLUSTER],
          pool: 'forks',
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'cluster',
          include: CLUSTER,
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'faults',
          setupFiles: [PROPERTIES],
          include: FAULTS,
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          setupFiles: [PROPERTIES],
          include: ['e2e/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...CLUSTER, ...FAULTS],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          // Whole programs and a browser share two cores: what fails is run once more, and the report names it.
          retry: 1,
        },
      },
    ],
  },
});
