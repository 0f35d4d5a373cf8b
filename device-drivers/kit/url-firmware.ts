import { type Clock, type DurationMs, type Failure, type Result, failure, minutes, ok } from '@hallhub/sync/base';
import type { Firmware, UpdateCommand, UpdateProgress } from '../capabilities/index.ts';
import type { CommandLedger } from './command-ledger.ts';
import type { Receipt } from './command.ts';
import { type ListenerError, createEmitter } from './emitter.ts';

export interface Installed {
  readonly version: string;
  readonly model?: string;
  readonly serial?: string;
}

export interface UrlFirmwareOptions {
  readonly clock: Clock;
  readonly ledger: CommandLedger;
  readonly onListenerError: ListenerError;
  /** Asks the device what it runs. */
  readonly installed: () => Promise<Result<Installed>>;
  /** Orders the device to fetch from `url`; settles when it has taken the order. Asks `veto` before the order leaves. */
  readonly begin: (url: string, veto: () => Failure | undefined) => Promise<Result<void>>;
  /** Whether what the device says it runs is what was ordered; the same text by default. */
  readonly isVersion?: (installed: string, ordered: string) => boolean;
  /** A device that is not back with its new program after this has failed; 15 min by default. */
  readonly within?: DurationMs;
}

/** The program of a device that fetches it by itself. What the driver hears of the update it tells here. */
export interface UrlFirmware {
  readonly capability: Firmware;
  /** 0 to 100. */
  progressed(percent: number): void;
  /** The update ends with `E-DEV-0208`: the device had taken the order. */
  failed(detail: string): void;
  /** The device has come (back), or says that it is done: time to ask what it runs. */
  back(): void;
}

/** The image's size is not known here: progress is counted in hundredths. */
const WHOLE = 100;

export function createUrlFirmware(options: UrlFirmwareOptions): UrlFirmware {
  const { clock, ledger } = options;
  const isVersion = options.isVersion ?? ((installed, ordered) => installed === ordered);
  const progressed = createEmitter<UpdateProgress>(options.onListenerError);
  let progress: UpdateProgress = { state: 'idle', sent: 0, total: 0, at: clock.now() };
  /** Ends the waiting for the update that is under way. */
  let running: { readonly end: (result: Result<void>) => void; readonly version: string } | undefined;

  const tell = (state: UpdateProgress['state'], sent: number): void => {
    progress = { state, sent, total: WHOLE, at: clock.now() };
    progressed.emit(progress);
  };
  const look = async (version: string): Promise<void> => {
    const now = await options.installed();
    if (now.ok && isVersion(now.value.version, version)) running?.end(ok());
  };
  const update = async (command: UpdateCommand, veto: () => Failure | undefined): Promise<Receipt> => {
    const { image, version } = command.args;
    if (image.from !== 'url') return failure('E-DEV-0203', 'this device fetches its image from an address');
    if (running) return failure('E-DEV-0203', 'an update is under way');
    const done = new Promise<Result<void>>((resolve) => {
      running = { end: resolve, version };
    });
    tell('sending', 0);
    const begun = await options.begin(image.url, veto);
    if (!begun.ok) {
      running = undefined;
      tell('failed', 0);
      return begun;
    }
    const cancel = clock.after(options.within ?? minutes(15), () => {
      running?.end(failure('E-DEV-0202', 'it did not come back with the new program'));
    });
    const result = await done;
    cancel();
    running = undefined;
    tell(result.ok ? 'done' : 'failed', result.ok ? WHOLE : progress.sent);
    return result.ok ? ok({ commandId: command.id, confirmation: 'observed', at: clock.now() }) : result;
  };

  return {
    capability: {
      update: (command) => ledger.run(command, (veto) => update(command, veto)),
      cancel: (command) =>
        ledger.run(command, () =>
          Promise.resolve(failure('E-DEV-0203', 'a device that fetches by itself cannot be stopped')),
        ),
      source: () => Promise.resolve(ok({ from: 'url' })),
      installed: options.installed,
      progress: () => Promise.resolve(ok(progress)),
      onProgress: progressed.on,
    },
    progressed: (percent) => {
      if (running) tell(percent < WHOLE ? 'sending' : 'installing', Math.max(0, Math.min(WHOLE, Math.round(percent))));
    },
    failed: (detail) => running?.end(failure('E-DEV-0208', detail)),
    back: () => {
      if (running) void look(running.version);
    },
  };
}
