import { type Cancel, type DurationMs, type Failure, ms, seconds } from '@hallhub/sync/base';
import { type PrinterStatus, printerProblem } from '../../capabilities/index.ts';
import type { DeviceHealth, Driver, OperatingState, Traffic } from '../../kit/index.ts';
import { type IppClientOptions, ippClient } from './client.ts';

export interface IppPrinterOptions extends Omit<IppClientOptions, 'onExchange'> {
  readonly deviceId: string;
  /** How often the printer is asked how it is; 10 s by default. A printer that does not answer is asked less and less often. */
  readonly pollEvery?: DurationMs;
}

export interface IppPrinterDriver extends Driver {
  /** What the last poll said: paper, toner, what it can do. */
  readonly status: PrinterStatus | undefined;
}

const pollAtMostEvery = seconds(120);

/** An IPP printer as a device: `ready` when it would print an A4 page now, `degraded` with the reason when a person must help. */
export function ippPrinterDriver(options: IppPrinterOptions): IppPrinterDriver {
  const { deviceId, clock, pollEvery = seconds(10) } = options;
  const healthListeners = new Set<(health: DeviceHealth) => void>();
  const trafficListeners = new Set<(traffic: Traffic) => void>();
  const printer = ippClient({
    ...options,
    onExchange: ({ direction, bytes, meaning }) => {
      for (const listener of trafficListeners) listener({ at: clock.now(), direction, bytes, meaning });
    },
  });
  let health: DeviceHealth = { state: 'starting', since: clock.now() };
  let status: PrinterStatus | undefined;
  let running = false;
  let misses = 0;
  let polling: Promise<void> = Promise.resolve();
  let next: Cancel = () => undefined;

  const become = (state: OperatingState, reason?: Failure): void => {
    if (health.state === state && health.reason?.code === reason?.code) return;
    health = { state, since: clock.now(), ...(reason ? { reason } : {}) };
    for (const listener of healthListeners) listener(health);
  };
  const poll = async (): Promise<void> => {
    const answer = await printer.status();
    if (!running) return;
    misses = answer.ok ? 0 : misses + 1;
    if (answer.ok) {
      status = answer.value;
      const problem = printerProblem(answer.value);
      become(problem ? 'degraded' : 'ready', problem);
    } else become('down', answer.error);
    const delay = ms(Math.min(pollAtMostEvery, pollEvery * 2 ** Math.min(misses, 10)));
    next = clock.after(delay, begin);
  };
  const begin = (): void => {
    polling = poll();
  };

  return {
    deviceId,
    capabilities: { pagePrinter: printer },
    get health() {
      return health;
    },
    get status() {
      return status;
    },
    start: () => {
      if (running) return;
      running = true;
      begin();
    },
    stop: async () => {
      running = false;
      next();
      await polling;
    },
    onHealth: (listener) => {
      healthListeners.add(listener);
      return () => {
        healthListeners.delete(listener);
      };
    },
    onTraffic: (listener) => {
      trafficListeners.add(listener);
      return () => {
        trafficListeners.delete(listener);
      };
    },
  };
}
