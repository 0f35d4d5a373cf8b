import type { TestDeviceOptions } from './device.ts';
import { startDevice } from './device.ts';

/** A device in a process of its own, for the tests to kill. Its options are the argument, as JSON. */
startDevice(JSON.parse(process.argv[2] ?? '{}') as TestDeviceOptions);
